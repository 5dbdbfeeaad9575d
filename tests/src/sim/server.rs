//! HTTP/1.1 on hyper itself, because a fault may want the connection closed without any answer.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Marks a response in whose place nothing is sent.
#[derive(Clone, Copy, Debug)]
pub enum NoAnswer {
    /// The connection is closed.
    Closed,
    /// The client waits until it hangs up.
    Ever,
}

/// For answers under way when the simulator stops; withheld ones are not waited for.
const DRAIN: Duration = Duration::from_millis(500);
/// Before accepting again when the system refuses, as it does when it has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, thiserror::Error)]
#[error("closed without an answer, as a fault script asked")]
struct Closed;

/// Serves until `stop`, then lets what is under way finish for a moment.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), stop.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // What is left after that is cut with the set.
    let _ = tokio::time::timeout(DRAIN, all).await;
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Without it small answers wait for the client's next packet.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(router.clone(), request));
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error means that the client, or a script, closed the connection.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, Closed> {
    let Ok(response) = TowerToHyperService::new(router).call(request).await;
    match response.extensions().get::<NoAnswer>() {
        None => Ok(response),
        Some(NoAnswer::Closed) => Err(Closed),
        Some(NoAnswer::Ever) => std::future::pending().await,
    }
}
