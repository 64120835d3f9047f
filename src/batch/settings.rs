use std::{borrow::Cow, fmt, sync::Arc};

use super::{Adaptive, Linger};
use crate::{
    clock::{Clock, Timestamp},
    key::KeySeed,
};

/// What a [`BatchLayer`](super::BatchLayer) was told, but which items belong together.
pub(super) struct Settings<Req> {
    pub(super) name: Cow<'static, str>,
    pub(super) max_size: usize,
    pub(super) max_in_flight: usize,
    /// `None` for a multiple of `max_size`.
    pub(super) max_waiting: Option<usize>,
    pub(super) max_partitions: usize,
    pub(super) linger: Arc<dyn Fn() -> Box<dyn Linger> + Send + Sync>,
    pub(super) weight: Option<Weight<Req>>,
    pub(super) same: Option<Same<Req>>,
    pub(super) deadline: Option<DeadlineOf<Req>>,
    pub(super) clock: Clock,
}

/// What a batch may weigh, and what an item does.
pub(super) struct Weight<Req> {
    pub(super) max: u64,
    pub(super) of: Arc<dyn Fn(&Req) -> u64 + Send + Sync>,
}

/// Tells items apart: by 128 bits under a secret, so that no type parameter is needed for what they are told apart by.
pub(super) type Same<Req> = Arc<dyn Fn(&Req, &KeySeed) -> u128 + Send + Sync>;

/// Until when an item is worth answering, if it says so, and it is here now.
pub(super) type DeadlineOf<Req> = Arc<dyn Fn(&Req, Timestamp) -> Option<Timestamp> + Send + Sync>;

impl<Req> Settings<Req> {
    /// How many items may wait: so many batches.
    const WAITING: usize = 16;

    pub(super) fn max_waiting(&self) -> usize {
        self.max_waiting.unwrap_or(self.max_size.saturating_mul(Self::WAITING))
    }

    pub(super) fn max_weight(&self) -> u64 {
        self.weight.as_ref().map_or(u64::MAX, |weight| weight.max)
    }
}

impl<Req> Default for Settings<Req> {
    fn default() -> Self {
        Self {
            name: "batch".into(),
            max_size: 64,
            max_in_flight: 2,
            max_waiting: None,
            max_partitions: 1_024,
            linger: Arc::new(|| Box::new(Adaptive::default())),
            weight: None,
            same: None,
            deadline: None,
            clock: Clock::default(),
        }
    }
}

impl<Req> Clone for Weight<Req> {
    fn clone(&self) -> Self {
        Self { max: self.max, of: Arc::clone(&self.of) }
    }
}

impl<Req> Clone for Settings<Req> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            linger: Arc::clone(&self.linger),
            weight: self.weight.clone(),
            same: self.same.clone(),
            deadline: self.deadline.clone(),
            clock: self.clock.clone(),
            ..*self
        }
    }
}

impl<Req> fmt::Debug for Settings<Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("max_size", &self.max_size)
            .field("max_weight", &self.weight.as_ref().map(|weight| weight.max))
            .field("max_in_flight", &self.max_in_flight)
            .field("max_waiting", &self.max_waiting())
            .field("max_partitions", &self.max_partitions)
            .finish_non_exhaustive()
    }
}
