//! A service that goes step by step, and calls to it that are shared.

use http::Request;
use tower::Layer;
use tower_weir::{
    clock::Clock,
    coalesce::{Coalesce, CoalesceLayer, Handle},
};

use crate::stepped;
pub(crate) use crate::stepped::*;

/// A service whose calls are shared.
pub(crate) type World = stepped::World<Coalesce<Inner>, Handle>;

impl World {
    /// One whose service does for each request as `play` says, which is told how many calls there were before.
    pub(crate) fn new(
        configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer,
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CoalesceLayer::new().clock(clock));
        let (inner, seen) = Inner::new(play);
        Self { handle: layer.handle(), service: layer.layer(inner), hand, seen }
    }

    pub(crate) fn plain(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self::new(|layer| layer, play)
    }

    /// One whose calls wait at a gate, and answer `call 0`, `call 1` and so on.
    pub(crate) fn gated(configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer) -> (Self, Gate) {
        let gate = Gate::default();
        let held = gate.clone();
        let play = move |_: &Request<()>, call| {
            Play::answer([data(format!("call {call}"))]).after([Step::Wait(held.clone())])
        };
        (Self::new(configure, play), gate)
    }

    /// How many led, shared, went alone and passed.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let stats = self.handle.stats();
        [stats.led, stats.shared, stats.alone, stats.passed]
    }

    /// Nothing goes on that nobody waits for, and nothing is held that nobody needs.
    pub(crate) async fn is_at_rest(&self) {
        self.calls_have_ended().await;
        let stats = self.handle.stats();
        assert_eq!((stats.in_flight, stats.waiting), (0, 0));
    }
}

/// A GET with these fields.
pub(crate) fn with(fields: &[(&'static str, &'static str)]) -> Request<()> {
    let request = Request::get("/");
    fields
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap()
}
