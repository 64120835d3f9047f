//! A service that goes step by step, and a cache in front of it.

use std::time::Duration;

use http::Request;
use tower::Layer;
use tower_weir::{
    cache::{Cache, CacheLayer, Handle, MemoryStore},
    clock::Clock,
};

use crate::stepped;
pub(crate) use crate::stepped::*;

/// A service behind a cache.
pub(crate) type World = stepped::World<Cache<Inner>, Handle>;

impl World {
    /// One whose service does for each request as `play` says, which is told how many calls there were before.
    pub(crate) fn new(
        configure: impl FnOnce(CacheLayer) -> CacheLayer,
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = configure(CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).clock(clock));
        let (inner, seen) = Inner::new(play);
        Self { handle: layer.handle(), service: layer.layer(inner), hand, seen }
    }

    pub(crate) fn plain(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self::new(|layer| layer, play)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn get(&self) -> Got {
        self.send(get()).await.unwrap()
    }
}

impl Play {
    /// Answers at once, fresh for a minute.
    pub(crate) fn fresh(body: impl Into<Vec<Step>>) -> Self {
        Self::answer(body).control("max-age=60")
    }

    /// With this `Cache-Control`.
    pub(crate) fn control(self, directives: &str) -> Self {
        self.field("cache-control", directives)
    }
}

impl Got {
    /// Its `Cache-Status`.
    pub(crate) fn told(&self) -> &str {
        self.head.headers.get("cache-status").map_or("", |told| told.to_str().unwrap())
    }
}
