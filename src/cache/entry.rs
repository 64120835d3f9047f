use std::sync::{Arc, atomic::AtomicBool};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Fingerprint, weight};
use crate::{
    clock::Timestamp,
    sync::{AtomicU64, Ordering},
};

/// All that is stored under one fingerprint: a response, or one for each variant of it.
#[derive(Debug)]
pub struct Resource {
    pub(crate) fingerprint: Fingerprint,
    /// Everything that the fingerprint was computed from. Two requests share a resource only if this is the same too.
    pub(crate) key: Box<[u8]>,
    /// Never empty; the newest first.
    pub(crate) variants: Vec<Arc<Entry>>,
    /// Whether it was taken out of the store, or replaced there: a copy kept elsewhere is no longer good.
    pub(crate) gone: AtomicBool,
}

impl Resource {
    /// One that no store holds yet.
    pub(crate) fn new(fingerprint: Fingerprint, key: Box<[u8]>, variants: Vec<Arc<Entry>>) -> Self {
        Self { fingerprint, key, variants, gone: AtomicBool::new(false) }
    }

    /// What a store knows it by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        weight::counted(size_of::<Self>())
            + weight::block(self.key.len())
            + weight::block(self.variants.capacity() * size_of::<Arc<Entry>>())
            + self.variants.iter().map(|entry| entry.weight()).sum::<usize>()
    }
}

/// A stored response.
#[derive(Debug)]
pub struct Entry {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
    /// When it came, by the clock of the layer.
    pub(crate) received: Timestamp,
    /// Hashes of its tags, and of what else it can be purged by.
    pub(crate) tags: Box<[u64]>,
    /// The URI that it answers, with scheme and authority where they are known.
    pub(crate) uri: Box<str>,
    /// How many purges there had been when it was asked for: only later ones concern it.
    pub(crate) born: u64,
    /// How many purges it is known to have outlived: as many as `born` at first.
    pub(crate) outlived: AtomicU64,
}

impl Entry {
    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        weight::counted(size_of::<Self>())
            + weight::fields(&self.headers)
            + self.trailers.as_ref().map_or(0, weight::fields)
            + weight::counted(self.body.len())
            + weight::block(self.uri.len())
            + weight::block(size_of_val(&*self.tags))
    }

    /// Whether it is known to have outlived so many purges.
    pub(crate) fn has_outlived(&self, purges: u64) -> bool {
        self.outlived.load(Ordering::Relaxed) == purges
    }
}
