use std::{
    fmt,
    sync::{Arc, Mutex},
};

#[cfg(feature = "redis")]
use super::second_tier::{SecondTier, Tier};
use super::{
    Fingerprint,
    fetched::Fetched,
    purges::{Purge, Purges, Tagging},
    uris::Uris,
};
use crate::{content::ContentHash, flight::Flights, key::KeySeed};

/// What all layers over one store share: the secret of their fingerprints, what was purged, and who is asking right now.
pub struct Shared {
    pub(crate) seed: KeySeed,
    pub(crate) purges: Arc<Purges>,
    pub(super) flights: Flights<u128, Fetched>,
    pub(super) uris: Uris,
    /// Held while the variants of a resource are changed.
    stripes: [Mutex<()>; STRIPES],
    #[cfg(feature = "redis")]
    pub(super) tier: Option<Tier>,
}

const STRIPES: usize = 64;

impl Shared {
    /// With a tier behind the store that several processes share.
    ///
    /// For a store of your own; [`MemoryStore::over`](super::MemoryStore::over) does it for that one. Everything else, such as
    /// when the tier is asked, is up to the layers over the store.
    #[cfg(feature = "redis")]
    pub fn over(tier: impl SecondTier) -> Self {
        let shared = Self::default();
        let tier = Tier::new(Box::new(tier), &shared.purges);
        Self { tier: Some(tier), ..shared }
    }

    /// The lock for changes to the resource with this fingerprint.
    pub(super) fn stripe(&self, fingerprint: Fingerprint) -> &Mutex<()> {
        &self.stripes[(fingerprint.bits() >> 32) as usize % STRIPES]
    }

    /// Purges something here, and in all processes that share the tier behind the store.
    pub(super) fn purge(&self, purge: &Purge) {
        #[cfg(feature = "redis")]
        if let Some(tier) = &self.tier {
            return tier.purging().issue(purge);
        }
        self.purges.purge(purge);
    }

    /// Whether something with the URI of this tag may be stored, or be soon.
    pub(super) fn may_have(&self, uri: u64) -> bool {
        #[cfg(feature = "redis")]
        if self.tier.is_some() {
            return true;
        }
        self.uris.may_have(uri)
    }

    /// How the keys of queries stand for their contents.
    pub(super) fn content_hash(&self) -> ContentHash {
        #[cfg(feature = "redis")]
        if self.tier.is_some() {
            return ContentHash::Shared;
        }
        ContentHash::Secret(self.seed)
    }

    /// How tags are hashed: who shares a tier must understand the purges of others.
    pub(super) fn tagging(&self) -> Tagging {
        #[cfg(feature = "redis")]
        if self.tier.is_some() {
            return Tagging::Shared;
        }
        Tagging::Secret(self.seed)
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            seed: KeySeed::random(),
            purges: Arc::default(),
            flights: Flights::new(),
            uris: Uris::default(),
            stripes: [const { Mutex::new(()) }; STRIPES],
            #[cfg(feature = "redis")]
            tier: None,
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
