use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderName;

use super::Landing;
use crate::clock::Timestamp;

/// What an errand knows of the second tier.
#[derive(Default)]
pub(in super::super) struct Below {
    pub(super) variants: Option<Variants>,
    /// Held until what comes of the errand is written, or is known not to be.
    landing: Mutex<Option<Landing>>,
}

/// Where the variants of a resource are.
pub(super) struct Variants {
    /// The fields of requests that count.
    pub(super) names: Box<[HeaderName]>,
    /// For how much longer that is kept, from when it was asked for.
    pub(super) left: Duration,
    pub(super) asked: Timestamp,
}

impl Below {
    /// Other processes wait until this is dropped.
    pub(super) fn hold(&self, landing: Landing) {
        *self.landing.lock().unwrap_or_else(PoisonError::into_inner) = Some(landing);
    }

    pub(super) fn take_landing(&self) -> Option<Landing> {
        self.landing.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Below").finish_non_exhaustive()
    }
}
