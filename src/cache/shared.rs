use std::{fmt, sync::Mutex};

use super::{Fingerprint, fetched::Fetched, purges::Purges, uris::Uris};
use crate::{flight::Flights, key::KeySeed};

/// What all layers over one store share: the secret of their fingerprints, what was purged, and who is asking right now.
pub struct Shared {
    pub(crate) seed: KeySeed,
    pub(crate) purges: Purges,
    pub(super) flights: Flights<u128, Fetched>,
    pub(super) uris: Uris,
    /// Held while the variants of a resource are changed.
    stripes: [Mutex<()>; STRIPES],
}

const STRIPES: usize = 64;

impl Shared {
    /// The lock for changes to the resource with this fingerprint.
    pub(super) fn stripe(&self, fingerprint: Fingerprint) -> &Mutex<()> {
        &self.stripes[(fingerprint.bits() >> 32) as usize % STRIPES]
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            seed: KeySeed::random(),
            purges: Purges::default(),
            flights: Flights::new(),
            uris: Uris::default(),
            stripes: [const { Mutex::new(()) }; STRIPES],
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
