//! Extractors whose keys have types that are not known here.

use std::hash::{Hash, Hasher};

use super::{KeyExtractor, MissingKey};
use crate::head::Head;

/// An extractor that feeds a hasher with its key, whatever type that has: for extractors that a file calls by name, alone or
/// combined with others.
pub(crate) trait FedKey: Send + Sync {
    /// Feeds `hasher` with what the key's `Hash` feeds it with.
    fn feed(&self, head: &Head<'_>, hasher: &mut dyn Hasher) -> Result<(), MissingKey>;
}

impl<E: KeyExtractor> FedKey for E {
    fn feed(&self, head: &Head<'_>, mut hasher: &mut dyn Hasher) -> Result<(), MissingKey> {
        self.extract(head)?.hash(&mut hasher);
        Ok(())
    }
}
