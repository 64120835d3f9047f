//! What a server holds.

use crate::server::RedisServer;

/// How many responses are in it.
pub(crate) fn records(server: &RedisServer) -> usize {
    keys(server).len()
}

/// Under these keys.
pub(crate) fn keys(server: &RedisServer) -> Vec<String> {
    let answer = server.ask("KEYS weir:c:*");
    answer.lines().filter(|line| line.starts_with("weir:c:")).map(str::to_owned).collect()
}

/// Waits until a server is as it is to be.
pub(crate) async fn until(server: &RedisServer, so: impl Fn(&RedisServer) -> bool) {
    crate::until::until(|| so(server)).await;
}

/// Waits until there are so many responses in it.
pub(crate) async fn until_records(server: &RedisServer, count: usize) {
    until(server, |server| records(server) == count).await;
}
