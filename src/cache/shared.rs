use std::fmt;

use super::purges::Purges;
use crate::key::KeySeed;

/// What all layers over one store share: the secret of their fingerprints, what was purged, and who is asking right now.
pub struct Shared {
    pub(crate) seed: KeySeed,
    pub(crate) purges: Purges,
}

impl Default for Shared {
    fn default() -> Self {
        Self { seed: KeySeed::random(), purges: Purges::default() }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
