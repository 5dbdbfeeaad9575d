//! Clients that take their time: the silent, the slow, the idle. They are cut off, and keep nobody else out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use api::http::limits::{BODIES_COMING, REQUESTS_IN_FLIGHT};
use futures::future::join_all;
use serde_json::json;
use tests::world::random_hex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{Ask, Ground};
use crate::hooks::{self, Hook};
use crate::raw::{self, Reply};

/// Together more than there are places.
const SILENT: usize = 600;
const SLOW: usize = 600;
/// Time-out of a head, and a machine that is busy with the rest of the tests.
const CUT: Duration = Duration::from_secs(15);
const GOOD_REQUESTS: usize = 200;
/// Slow bodies at once: more than may be at work, and later so many more than may be waited for.
const DRIPPING: usize = REQUESTS_IN_FLIGHT + 50;
const TOO_MANY: usize = 20;
/// Who is to be refused is refused within it, with a machine that is busy otherwise.
const AT_ONCE: Duration = Duration::from_secs(3);
const ROUNDS: usize = 10;

#[tokio::test]
async fn whoever_takes_too_long_is_cut_off_and_others_are_served() {
    let ground = Ground::new().await;
    let port = ground.world.settings.api_port;
    let before = ground.head().await;
    let begun = Instant::now();
    let mut waiting = Vec::new();
    for at in 0..SILENT + SLOW {
        let mut stream = raw::connect(port).await;
        if at >= SILENT {
            let _ = stream.write_all(b"GET /v1/orders HT").await;
        }
        waiting.push(stream);
    }
    let (cut, (), dripped, idle, (slow_body, told)) = tokio::join!(
        join_all(waiting.iter_mut().map(|stream| async move {
            let reply = raw::until_closed(stream).await;
            (Instant::now(), reply.status)
        })),
        good_client(&ground),
        drip(port),
        idle(port),
        drip_body(&ground),
    );
    let last = cut.iter().map(|(at, _)| *at).max().unwrap() - begun;
    ground.check("48, 50", last <= CUT, format!("the last was cut after {last:?}"));
    let others: Vec<u16> = cut.iter().map(|(_, status)| *status).filter(|status| ![0, 408].contains(status)).collect();
    ground.check("48, 50", others.is_empty(), format!("they were answered {others:?}"));
    ground.check("48 one byte a second", dripped <= CUT, format!("a head may drip in for {dripped:?}"));
    ground.check("49 one byte a second", slow_body <= Duration::from_secs(30), format!("{slow_body:?}"));
    ground.check("49 one byte a second", told.starts_with("HTTP/1.1 408"), told);
    ground.check("idle", idle <= CUT, format!("an idle connection stays for {idle:?}"));
    ground.check("48-50", ground.head().await == before, "events were written");
    ground.finish().await;
}

/// Anybody may begin a webhook: it is found out to be nobody's only when all of it is there.
#[tokio::test]
async fn bodies_that_drip_in_take_no_place_from_others() {
    let ground = Ground::new().await;
    let mut dripping = webhooks_begun(&ground, DRIPPING).await;
    for _ in 0..ROUNDS {
        good_round(&ground).await;
        join_all(dripping.iter_mut().map(|stream| stream.write_all(b" "))).await;
    }
    ground.check("49 many", in_two_parts(&ground).await == 200, "there was no place for a body that was on its way");
    dripping.extend(webhooks_begun(&ground, BODIES_COMING - DRIPPING + TOO_MANY).await);
    let (refused, ()) = tokio::join!(answered(&mut dripping), good_round(&ground));
    let told: Vec<_> = refused.iter().map(|reply| (reply.status, reply.slug(), reply.answers)).collect();
    // The provider's own webhooks may have been on their way as well.
    let fits = (TOO_MANY..2 * TOO_MANY).contains(&told.len());
    let fits = fits && told.iter().all(|reply| *reply == (503, "overloaded", 1));
    ground.check("49 too many", fits, format!("{} were answered: {told:?}", told.len()));
    let later = refused.iter().all(|reply| reply.head.lines().any(|line| line == "retry-after: 1"));
    ground.check("49 too many", later, "they were not told when to come again");
    good_round(&ground).await;
    hooks::all_applied(&ground).await;
    let before = ground.head().await;
    drop(dripping);
    ground.check("49 gone", soon(&ground).await, "the places of those who went away are still taken");
    ground.check("49 gone", ground.head().await == before, "events were written");
    let stored = "select count(*) from inbox where webhook_id = 'dripping'";
    let stored: i64 = sqlx::query_scalar(stored).fetch_one(&ground.pool).await.unwrap();
    ground.check("49 many", stored == 0, format!("{stored} halves of webhooks are stored"));
    ground.finish().await;
}

/// Webhooks of which there is the head and a first byte.
async fn webhooks_begun(ground: &Ground, count: usize) -> Vec<TcpStream> {
    let beginning = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nwebhook-id: dripping\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{{",
        hooks::PATH
    );
    let mut begun = Vec::new();
    for _ in 0..count {
        let mut stream = raw::connect(ground.world.settings.api_port).await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        begun.push(stream);
    }
    begun
}

/// Those that are answered at once.
async fn answered(streams: &mut [TcpStream]) -> Vec<Reply> {
    let replies = streams.iter_mut().map(|stream| tokio::time::timeout(AT_ONCE, raw::until_closed(stream)));
    join_all(replies).await.into_iter().flatten().collect()
}

/// A read, a write and a webhook of those who mean it.
async fn good_round(ground: &Ground) {
    let case = "49 good client";
    ground.accepted(case, Ask::get("/healthz"), 200).await;
    ground.accepted(case, Ask::get("/v1/orders").by(ground.customer()), 200).await;
    let account = ground.account("Meanwhile");
    ground.accepted(case, Ask::post("/v1/accounts").by(ground.customer()).json(&account), 201).await;
    let hook = Hook::new(&format!("meanwhile-{}", random_hex(8)), "catalogue.changed", &json!({}));
    ground.accepted(case, hook.signed(ground), 202).await;
}

/// A question whose body follows its head a moment later, and changes nothing; answers its status.
async fn in_two_parts(ground: &Ground) -> u16 {
    let body = ground.order(1).to_string();
    let head = format!(
        "POST /v1/orders/quote HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        ground.customer(),
        body.len()
    );
    let mut stream = raw::connect(ground.world.settings.api_port).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    ground.accepted("49 meanwhile", Ask::get("/healthz"), 200).await;
    // It may be refused before it is sent.
    let _ = stream.write_all(body.as_bytes()).await;
    raw::until_closed(&mut stream).await.status
}

/// Whether a body that has to be waited for finds a place again soon.
async fn soon(ground: &Ground) -> bool {
    let deadline = Instant::now() + AT_ONCE;
    while Instant::now() < deadline {
        if in_two_parts(ground).await == 200 {
            return true;
        }
    }
    false
}

/// Requests of somebody who means it, meanwhile.
async fn good_client(ground: &Ground) {
    let mut times = Vec::new();
    for _ in 0..GOOD_REQUESTS {
        let begun = Instant::now();
        ground.accepted("48 good client", Ask::get("/v1/orders").by(ground.customer()), 200).await;
        times.push(begun.elapsed());
    }
    times.sort();
    let p99 = times[GOOD_REQUESTS * 99 / 100 - 1];
    ground.check("48 good client", p99 < Duration::from_millis(500), format!("p99 is {p99:?}"));
}

/// A head that never ends, a byte each second; answers how long the server listens.
async fn drip(port: u16) -> Duration {
    let mut stream = raw::connect(port).await;
    dripped(&mut stream, b"GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nX: ").await.0
}

/// A body of which a byte comes each second; answers how long the server listens, and what it says.
async fn drip_body(ground: &Ground) -> (Duration, String) {
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: drip\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        ground.customer()
    );
    let mut stream = raw::connect(ground.world.settings.api_port).await;
    dripped(&mut stream, head.as_bytes()).await
}

async fn dripped(stream: &mut TcpStream, beginning: &[u8]) -> (Duration, String) {
    let (begun, mut told) = (Instant::now(), Vec::new());
    stream.write_all(beginning).await.unwrap();
    let (mut read, mut write) = stream.split();
    let drip = async {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            if write.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let closed = async { while let Ok(1..) = read.read_buf(&mut told).await {} };
    tokio::select! { () = drip => {}, () = closed => {} }
    (begun.elapsed(), String::from_utf8_lossy(&told).into_owned())
}

/// A connection that was of use once and is kept; answers how long the server keeps it, too.
async fn idle(port: u16) -> Duration {
    let mut stream = raw::connect(port).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let reply = raw::until_closed(&mut stream).await;
    if reply.status == 200 { begun.elapsed() } else { Duration::MAX }
}
