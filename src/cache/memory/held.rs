use std::{
    hash::{BuildHasher, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use moka::Expiry;

use crate::cache::{Fingerprint, Resource};

/// What the eviction policy keeps for a resource.
///
/// It gives what was evicted back to the allocator some time later, when no thread can be reading it any more: meanwhile
/// that would be many bodies beyond the bound. So the resource can be taken out of here at once.
pub(super) struct Held {
    resource: Mutex<Option<Arc<Resource>>>,
    pub(super) weight: u32,
    keep: Duration,
}

impl Held {
    /// `None` if it is larger than the policy can count.
    pub(super) fn new(resource: Arc<Resource>, keep: Duration) -> Option<Self> {
        let weight = u32::try_from(resource.weight() + OVERHEAD).ok()?;
        Some(Self { resource: Mutex::new(Some(resource)), weight, keep })
    }

    /// The resource, unless it was taken.
    pub(super) fn resource(&self) -> Option<Arc<Resource>> {
        self.resource.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn take(&self) -> Option<Arc<Resource>> {
        self.resource.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Bytes that the policy takes for an entry, whatever is in it.
const OVERHEAD: usize = 512;

/// Removes from memory what is not wanted after some time. Whether it may still be served is decided elsewhere.
pub(super) struct Keep;

impl Expiry<Fingerprint, Arc<Held>> for Keep {
    fn expire_after_create(
        &self,
        _: &Fingerprint,
        held: &Arc<Held>,
        _: Instant,
    ) -> Option<Duration> {
        Some(held.keep)
    }

    fn expire_after_update(
        &self,
        _: &Fingerprint,
        held: &Arc<Held>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(held.keep)
    }
}

/// Fingerprints are hashes under a secret: half of one serves as its hash.
#[derive(Clone, Copy, Default)]
pub(super) struct Unhashed(u64);

impl BuildHasher for Unhashed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for Unhashed {
    fn write_u128(&mut self, bits: u128) {
        self.0 = bits as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only fingerprints are ever hashed, and they are written by the method above.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
