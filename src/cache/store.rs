use std::{fmt, sync::Arc, time::Duration};

use super::{Fingerprint, Resource};
use crate::error::BoxError;

/// Where stored responses live.
pub trait Store: Send + Sync + 'static {
    /// What is stored under `fingerprint`, if anything is.
    ///
    /// # Errors
    ///
    /// If the store does not work. The request then goes on as if nothing were stored.
    fn get(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError>;

    /// Shows `visit` what is stored under `fingerprint`, if anything is; otherwise it is not called.
    ///
    /// For a store that can do so without counting a reference: threads that ask for the same resource then do not wait for
    /// each other's counting.
    ///
    /// # Errors
    ///
    /// If the store does not work.
    fn visit(
        &self,
        fingerprint: &Fingerprint,
        visit: &mut dyn FnMut(&Arc<Resource>),
    ) -> Result<(), StoreError> {
        self.get(fingerprint)?.iter().for_each(visit);
        Ok(())
    }

    /// As [`get`](Store::get), but it is not a client who asks: for a store that keeps what is asked for often.
    ///
    /// # Errors
    ///
    /// If the store does not work.
    fn peek(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError> {
        self.get(fingerprint)
    }

    /// Stores `resource` under its fingerprint, in place of what was there, for at most `keep`.
    ///
    /// A store may decide not to keep it, or no longer: because it is too large, or because others are asked for more often.
    ///
    /// # Errors
    ///
    /// If the store does not work. The resource is then not stored, and what was there is no longer.
    fn insert(&self, resource: Arc<Resource>, keep: Duration) -> Result<(), StoreError>;

    /// Forgets what is stored under `fingerprint`.
    ///
    /// # Errors
    ///
    /// If the store does not work.
    fn remove(&self, fingerprint: &Fingerprint) -> Result<(), StoreError>;

    /// Forgets everything.
    fn clear(&self);

    /// How much is stored.
    fn usage(&self) -> Usage;

    /// What all layers over this store share.
    fn shared(&self) -> &super::Shared;
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Stored responses; variants of one count once.
    pub entries: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Bytes that they may take.
    pub max_bytes: Option<u64>,
    /// How many had to make room for others, or were not let in because those are asked for more often.
    pub evictions: u64,
    /// How many were larger than the whole store.
    pub refused: u64,
}

/// A store that did not work.
#[derive(Debug)]
pub struct StoreError(BoxError);

impl StoreError {
    /// Because of `error`.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache's store does not work: {}", self.0)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}
