//! Waiting for what happens in another task.

use std::time::Duration;

/// Longer than any test takes, however busy the machine.
const NEVER: Duration = Duration::from_secs(60);

/// Waits until it has happened; fails if it never does.
pub(crate) async fn until(happened: impl Fn() -> bool) {
    until_it_is(async || happened()).await;
}

/// The same of what has to be asked for.
#[allow(dead_code)]
pub(crate) async fn until_it_is(so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(NEVER, wait).await.expect("it never happened");
}
