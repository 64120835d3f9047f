//! Waiting for what happens in another task.

use std::time::Duration;

/// Longer than any test takes, however busy the machine.
const NEVER: Duration = Duration::from_secs(60);

/// Waits until it has happened; fails if it never does.
pub(crate) async fn until(happened: impl Fn() -> bool) {
    let wait = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(NEVER, wait).await.expect("it never happened");
}
