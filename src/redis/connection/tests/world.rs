use std::time::Duration;

use ::redis::cmd;

use super::super::{Failure, Redis, Status, Use};

/// Longer than any test takes, however busy the machine.
pub(super) const NEVER: Duration = Duration::from_secs(60);
/// Short enough to be waited for, and long enough for a server that answers.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

pub(super) fn open(url: &str) -> Redis {
    Redis::open(url).unwrap().timeout(PATIENCE).unwrap()
}

pub(super) async fn set(redis: &Redis, key: &str) -> Result<String, Failure> {
    redis.call(Use::Write, cmd("SET").arg(key).arg("there")).await
}

/// Looks again and again, until it has happened.
pub(super) async fn until(mut happened: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(NEVER, wait).await.expect("it never happened");
}

pub(super) async fn until_it_is(redis: &Redis, status: Status) {
    until(async || redis.status() == status).await;
}

/// Until calls are answered.
pub(super) async fn until_it_answers(redis: &Redis) {
    until(async || set(redis, "looked").await.is_ok()).await;
}
