//! Waiting for what follows by itself, without sleeping and not for ever.

use std::future::Future;
use std::time::Duration;

pub const LIMIT: Duration = Duration::from_secs(20);

/// Asks again every few milliseconds until there is an answer; fails after the limit.
pub async fn wait_until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let asking = async {
        loop {
            tick.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(LIMIT, asking).await.unwrap_or_else(|_| panic!("waited too long: {what}"))
}
