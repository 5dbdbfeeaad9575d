//! Clients that take their time: the silent, the slow, the idle. They are cut off, and keep nobody else out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::ground::{Ask, Ground};
use crate::raw;

/// Together more than there are places.
const SILENT: usize = 600;
const SLOW: usize = 600;
/// Time-out of a head, and a machine that is busy with the rest of the tests.
const CUT: Duration = Duration::from_secs(15);
const GOOD_REQUESTS: usize = 200;

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
    let (cut, (), dripped, idle, slow_body) = tokio::join!(
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
    let told: Vec<u16> = cut.iter().map(|(_, status)| *status).filter(|status| ![0, 408].contains(status)).collect();
    ground.check("48, 50", told.is_empty(), format!("they were answered {told:?}"));
    ground.check("48 one byte a second", dripped <= CUT, format!("a head may drip in for {dripped:?}"));
    ground.check("49 one byte a second", slow_body <= Duration::from_secs(30), format!("{slow_body:?}"));
    ground.check("idle", idle <= CUT, format!("an idle connection stays for {idle:?}"));
    ground.check("48-50", ground.head().await == before, "events were written");
    ground.finish().await;
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
    dripped(&mut stream, b"GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nX: ").await
}

/// A body of which a byte comes each second.
async fn drip_body(ground: &Ground) -> Duration {
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: drip\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        ground.customer()
    );
    let mut stream = raw::connect(ground.world.settings.api_port).await;
    dripped(&mut stream, head.as_bytes()).await
}

async fn dripped(stream: &mut TcpStream, beginning: &[u8]) -> Duration {
    let begun = Instant::now();
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
    let closed = async {
        let mut rest = [0; 1024];
        while let Ok(1..) = tokio::io::AsyncReadExt::read(&mut read, &mut rest).await {}
    };
    tokio::select! { () = drip => {}, () = closed => {} }
    begun.elapsed()
}

/// A connection that was of use once and is kept; answers how long the server keeps it, too.
async fn idle(port: u16) -> Duration {
    let mut stream = raw::connect(port).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let reply = raw::until_closed(&mut stream).await;
    if reply.status == 200 { begun.elapsed() } else { Duration::MAX }
}
