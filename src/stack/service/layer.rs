use std::{fmt, sync::Arc};

use tower_layer::Layer;

use super::WeirService;
use crate::stack::running::Live;

/// All layers of a [`Weir`](crate::stack::Weir) as one.
///
/// A request meets those that the file has for its route, in the order of the [crate's documentation](crate#the-order-of-layers):
/// profiling, rate limit, cache, coalescing, concurrency limit, circuit breaker. All services that it makes share what there is
/// to share, and follow the file when it is reloaded.
#[derive(Clone)]
pub struct WeirLayer {
    live: Arc<Live>,
}

impl WeirLayer {
    pub(in crate::stack) fn new(live: Arc<Live>) -> Self {
        Self { live }
    }
}

impl<S> Layer<S> for WeirLayer {
    type Service = WeirService<S>;

    fn layer(&self, inner: S) -> WeirService<S> {
        WeirService::new(inner, Arc::clone(&self.live))
    }
}

impl fmt::Debug for WeirLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeirLayer").finish_non_exhaustive()
    }
}
