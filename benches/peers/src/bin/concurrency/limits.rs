//! The layers that are compared, each with the same limit.

use tower::limit::{ConcurrencyLimitLayer as TowerLayer, GlobalConcurrencyLimitLayer};
use tower_resilience_adaptive::{AdaptiveLimiterLayer, Aimd};
use tower_resilience_bulkhead::{BulkheadConfigBuilder, BulkheadLayer};
use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Limit, Sample};

/// More than any case has under way, but for those that are to be turned away.
pub(crate) const ROOMY: usize = 64;

/// Ours, fixed, with a queue.
pub(crate) fn fixed(limit: usize) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Fixed::new(limit))
}

/// Ours, learnt.
pub(crate) fn adaptive(limit: usize) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Idle(limit))
}

/// Learns nothing, so that what is measured is what learning costs whatever the algorithm.
#[derive(Clone, Copy)]
struct Idle(usize);

impl Limit for Idle {
    fn limit(&self) -> usize {
        self.0
    }

    fn on_sample(&mut self, _: &Sample) -> usize {
        self.0
    }
}

pub(crate) fn tower(limit: usize) -> TowerLayer {
    TowerLayer::new(limit)
}

pub(crate) fn tower_global(limit: usize) -> GlobalConcurrencyLimitLayer {
    GlobalConcurrencyLimitLayer::new(limit)
}

/// Takes its permit when it is called, as it does unless it is told otherwise.
pub(crate) fn bulkhead(limit: usize) -> BulkheadLayer {
    build(BulkheadLayer::builder().max_concurrent_calls(limit))
}

/// Takes its permit when it is asked whether it is ready.
pub(crate) fn backpressure(limit: usize) -> BulkheadLayer {
    build(BulkheadLayer::builder().max_concurrent_calls(limit).backpressure())
}

fn build(config: BulkheadConfigBuilder) -> BulkheadLayer {
    config.build().expect("the limit is not zero")
}

/// With the least of its algorithms, at its upper bound from the start.
pub(crate) fn tower_resilience_adaptive(limit: usize) -> AdaptiveLimiterLayer<Aimd> {
    let aimd = Aimd::builder().initial_limit(limit).max_limit(limit);
    AdaptiveLimiterLayer::new(aimd.build().expect("its bounds are in order"))
}
