//! Limiters of others behind the layer.

use super::decision::Decision;
use crate::{
    clock::Timestamp,
    head::Head,
    key::{Key, KeySeed, MissingKey},
};

/// A limiter that decides by itself: reads from a request who it is from, and gives what decides on it.
pub(super) type Governor =
    dyn Fn(&Head<'_>, &KeySeed) -> Result<(Key, Box<Check>), MissingKey> + Send + Sync;

/// Decides on one request of this cost, as often as it is asked.
pub(super) type Check = dyn Fn(Timestamp, u32) -> Decision + Send + Sync;

/// The name of such a limiter's policy.
pub(super) const POLICY: &str = "governor";
