use std::fmt;

use crate::key::KeySeed;

/// What all layers over one store share: the secret of their fingerprints, what was purged, and who is asking right now.
pub struct Shared {
    pub(crate) seed: KeySeed,
}

impl Default for Shared {
    fn default() -> Self {
        Self { seed: KeySeed::random() }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
