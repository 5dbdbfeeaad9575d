//! Requests that are no proper HTTP, too large, or never end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::time::Instant;

use tokio::io::AsyncWriteExt;

use crate::ground::{Ask, Ground};
use crate::raw::{self, Reply};

#[tokio::test]
async fn what_is_no_proper_request_is_refused_and_the_connection_closed() {
    let ground = Ground::new().await;
    let before = ground.head().await;
    // The slow one takes as long as all others together.
    let (slow, ()) = tokio::join!(slow_body(&ground), async {
        smuggling(&ground).await;
        oversized_heads(&ground).await;
        oversized_bodies(&ground).await;
        broken_off(&ground).await;
    });
    ground.check("49", (slow.status, slow.slug()) == (408, "request-timeout"), format!("{slow:?}"));
    ground.check("framing", ground.head().await == before, "events were written");
    ground.finish().await;
}

fn head(ground: &Ground, lines: &str) -> String {
    let token = ground.customer();
    format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: raw\r\n\
         Content-Type: application/json\r\n{lines}\r\n"
    )
}

async fn exchange(ground: &Ground, bytes: &[u8]) -> Reply {
    raw::exchange(ground.world.settings.api_port, bytes).await
}

/// Two readers of these bytes could disagree about where the request ends. Behind each hides a second request, which
/// must never be answered.
async fn smuggling(ground: &Ground) {
    let hidden = "GET /v1/admin/effects HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let cases = [
        ("two lengths", "Content-Length: 2\r\nContent-Length: 60\r\n", "{}"),
        ("a list of lengths", "Content-Length: 2, 60\r\n", "{}"),
        ("negative length", "Content-Length: -1\r\n", "{}"),
        ("signed length", "Content-Length: +2\r\n", "{}"),
        ("hexadecimal length", "Content-Length: 0x2\r\n", "{}"),
        ("length beyond all", "Content-Length: 99999999999999999999\r\n", "{}"),
        ("unknown encoding", "Transfer-Encoding: xchunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("encoding not last", "Transfer-Encoding: chunked, identity\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("encoding and blank name", "Transfer-Encoding : chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("folded header", "X-Long: a\r\n b: c\r\nContent-Length: 2\r\n", "{}"),
        ("header without colon", "Nonsense\r\nContent-Length: 2\r\n", "{}"),
        ("header with NUL", "X-Nul: a\0b\r\nContent-Length: 2\r\n", "{}"),
        ("bare CR in a header", "X-Cr: a\rContent-Length: 2\r\n", "{}"),
        ("bad chunk size", "Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ("chunk size beyond all", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    ];
    for (case, lines, body) in cases {
        let reply = exchange(ground, format!("{}{body}{hidden}", head(ground, lines)).as_bytes()).await;
        refused_once(ground, &format!("45 {case}"), &reply, &[400, 413]);
    }
    // Encoding and length together: the length is ignored, as the standard has it, and the connection ends.
    for lines in
        ["Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n"]
    {
        let reply = exchange(ground, format!("{}0\r\n\r\n{hidden}", head(ground, lines)).as_bytes()).await;
        refused_once(ground, "45 encoding and length", &reply, &[400]);
    }
    for line in
        ["GET /v1/orders\r\n\r\n", "GET /v1/orders HTTP/9.9\r\n\r\n", "GET  /v1/orders HTTP/1.1\r\n\r\n", "\0\r\n\r\n"]
    {
        let reply = exchange(ground, format!("{line}{hidden}").as_bytes()).await;
        refused_once(ground, &format!("45 {line:?}"), &reply, &[400]);
    }
    // The beginning of HTTP/2, which is not spoken here.
    let reply = exchange(ground, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    refused_once(ground, "51 HTTP/2", &reply, &[400, 505]);
}

/// An answer of that status, or a closed connection; in no case a second answer.
fn refused_once(ground: &Ground, case: &str, reply: &Reply, statuses: &[u16]) {
    let refused = reply.answers == 0 || (reply.answers == 1 && statuses.contains(&reply.status));
    ground.check(case, refused, format!("{reply:?}"));
}

async fn oversized_heads(ground: &Ground) {
    let lines = |count: usize| {
        (0..count).fold(String::new(), |mut lines, n| {
            let _ = write!(lines, "X-{n}: 1\r\n");
            lines
        })
    };
    for (case, lines) in [
        ("43 65 headers", lines(65)),
        ("43 200 headers", lines(200)),
        ("43 33 kB in one header", format!("X-Long: {}\r\n", "a".repeat(33 * 1024))),
        ("43 100 kB in one header", format!("X-Long: {}\r\n", "a".repeat(100 * 1024))),
        ("15 16 kB of token", format!("X-Unused: 1\r\nCookie: {}\r\n", "a".repeat(40 * 1024))),
    ] {
        let reply = exchange(ground, format!("{}{{}}", head(ground, &lines)).as_bytes()).await;
        ground.check(case, reply.status == 431 && reply.answers == 1, format!("{reply:?}"));
    }
    for bytes in [9 * 1024, 64 * 1024] {
        let request = format!("GET /v1/orders?q={} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(bytes));
        let reply = exchange(ground, request.as_bytes()).await;
        ground.check(&format!("44 {bytes}"), reply.status == 414 && reply.answers == 1, format!("{reply:?}"));
    }
    let parameters: Vec<String> = (0..10_000).map(|n| format!("p{n}=1")).collect();
    let request = format!("GET /v1/orders?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", parameters.join("&"));
    let reply = exchange(ground, request.as_bytes()).await;
    ground.check("52 10 000 parameters", matches!(reply.status, 414 | 431) && reply.answers == 1, format!("{reply:?}"));
}

/// Declared or sent, known beforehand or in chunks: above the limit nothing is read on.
async fn oversized_bodies(ground: &Ground) {
    const LIMIT: usize = 64 * 1024;
    let padded = |size: usize| {
        let body = ground.account("Padded").to_string();
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    for size in [LIMIT + 1, 1024 * 1024] {
        let declared = format!("{}{}", head(ground, &format!("Content-Length: {size}\r\n")), padded(size));
        let chunked =
            format!("{}{size:x}\r\n{}\r\n0\r\n\r\n", head(ground, "Transfer-Encoding: chunked\r\n"), padded(size));
        for (case, request) in [("34 by length", declared), ("34 by chunks", chunked)] {
            let reply = exchange(ground, request.as_bytes()).await;
            let refused = (reply.status, reply.slug()) == (413, "too-large") && reply.answers == 1;
            ground.check(&format!("{case} {size}"), refused, format!("{reply:?}"));
        }
    }
    let only_said = head(ground, "Content-Length: 9000000000\r\n");
    let reply = exchange(ground, only_said.as_bytes()).await;
    ground.check("34 only declared", (reply.status, reply.slug()) == (413, "too-large"), format!("{reply:?}"));
    for ask in [
        Ask::post("/v1/accounts").by(ground.customer()).json(&ground.account(&"n".repeat(1024 * 1024))),
        Ask::post("/v1/webhooks/ccp").bytes(vec![b' '; 256 * 1024 + 1]),
    ] {
        let path = ask.path.clone();
        ground.refused(&format!("52, 94 {path}"), ask, 413, "too-large").await;
    }
}

/// A client that goes away in the middle.
async fn broken_off(ground: &Ground) {
    for request in [
        head(ground, "Content-Length: 100\r\n") + "{\"customer_id\":",
        head(ground, "Transfer-Encoding: chunked\r\n") + "5\r\n{\"cus",
        "POST /v1/acc".to_owned(),
    ] {
        let mut stream = raw::connect(ground.world.settings.api_port).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let reply = raw::until_closed(&mut stream).await;
        ground.check("broken off", reply.answers == 0 || reply.status == 400, format!("{reply:?}"));
    }
}

/// A body of which one byte comes, and then no more.
async fn slow_body(ground: &Ground) -> Reply {
    let begun = Instant::now();
    let mut stream = raw::connect(ground.world.settings.api_port).await;
    let request = head(ground, "Content-Length: 100\r\n") + "{";
    stream.write_all(request.as_bytes()).await.unwrap();
    let reply = raw::until_closed(&mut stream).await;
    ground.check("49", begun.elapsed().as_secs() <= 30, "it took longer than 30 s");
    reply
}
