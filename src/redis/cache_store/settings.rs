use std::time::Duration;

use super::queue::Room;

/// How a [`RedisCache`](super::RedisCache) works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) max_object_bytes: usize,
    pub(super) queue: Room,
    pub(super) timeout: Duration,
    pub(super) max_wait: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_object_bytes: 1 << 20,
            queue: Room { writes: 4096, bytes: 64 << 20 },
            timeout: Duration::from_millis(20),
            max_wait: None,
        }
    }
}
