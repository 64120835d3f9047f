use std::sync::Arc;

use tower_layer::Layer;

use super::{Queue, QueuedRateLimit, room::Room};
use crate::rate_limit::{Handle, RateLimitLayer, admission::Admission};

/// A [`RateLimitLayer`] that lets requests wait for their turn; made by [`RateLimitLayer::queue`].
///
/// Requests of one key pass in the order in which they came. One that would have to wait too long, or finds the queue full,
/// is rejected at once. A client that leaves while it waits is taken out of the queue; nothing has been charged for it, and
/// those behind it move up.
///
/// The service inside must be `Clone`, as those of axum, tonic and hyper are: a request that waits keeps one for itself, which
/// is ready. Put limits that hand out permits when they are ready, such as tower's `ConcurrencyLimit`, outside of this layer,
/// or those that wait hold their permits. The waiting is done by tokio's timers, which must be enabled in the runtime.
#[derive(Clone, Debug)]
pub struct QueuedRateLimitLayer {
    layer: RateLimitLayer,
    room: Arc<Room>,
}

impl QueuedRateLimitLayer {
    pub(in crate::rate_limit) fn new(layer: RateLimitLayer, queue: Queue) -> Self {
        Self { layer, room: Arc::new(Room::new(queue)) }
    }

    /// Reads and steers the running layer.
    pub fn handle(&self) -> Handle {
        self.layer.handle()
    }

    /// The layer that it lets requests wait for.
    #[cfg(feature = "config")]
    pub(crate) fn limiting(&self) -> &RateLimitLayer {
        &self.layer
    }

    /// How many requests wait now.
    pub fn waiting(&self) -> usize {
        self.room.waiting()
    }
}

impl<S> Layer<S> for QueuedRateLimitLayer {
    type Service = QueuedRateLimit<S>;

    fn layer(&self, inner: S) -> QueuedRateLimit<S> {
        let admission: Arc<Admission> = self.layer.admission();
        QueuedRateLimit::new(inner, admission, Arc::clone(&self.room))
    }
}
