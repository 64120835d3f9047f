use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{
    Fingerprint,
    count::RouteCounts,
    rules::{Freshness, HttpDate, Selection},
};
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
        let variants = self.variants.iter().map(|entry| entry.weight() + size_of::<Arc<Entry>>());
        size_of::<Self>() + self.key.len() + variants.sum::<usize>()
    }
}

/// A stored response.
#[derive(Debug)]
pub struct Entry {
    pub(crate) status: StatusCode,
    /// With an `Age` and a `Cache-Status` whose values each hit replaces: to make room for them in a copy would cost more.
    pub(crate) headers: HeaderMap,
    /// What caches nearer to the service said in `Cache-Status`.
    pub(crate) inner_status: Option<HeaderValue>,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) freshness: Freshness,
    /// What it was chosen by.
    pub(crate) selection: Selection,
    /// Whether it may answer requests with `Authorization`, by what it says.
    pub(crate) for_authorized: bool,
    /// When it came, by the clock of the layer.
    pub(crate) received: Timestamp,
    /// When it came, by the wall clock.
    pub(crate) received_at: HttpDate,
    /// How long the service took for it.
    pub(crate) took: Duration,
    /// Hashes of its tags, and of what else it can be purged by.
    pub(crate) tags: Box<[u64]>,
    /// The URI that it answers, from the host on, without scheme.
    pub(crate) uri: Box<str>,
    /// How many purges there had been when it was asked for: only later ones concern it.
    pub(crate) born: u64,
    /// How many purges it is known to have outlived: as many as `born` at first.
    pub(crate) outlived: AtomicU64,
    /// Where its hits are counted.
    pub(crate) route: Arc<RouteCounts>,
}

impl Entry {
    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let fields = |headers: &HeaderMap| -> usize {
            let bytes = |(name, value): (&HeaderName, &HeaderValue)| {
                name.as_str().len() + value.len() + 128
            };
            headers.iter().map(bytes).sum()
        };
        size_of::<Self>()
            + fields(&self.headers)
            + self.trailers.as_ref().map_or(0, fields)
            + self.body.len()
            + self.uri.len()
            + size_of_val(&*self.tags)
    }

    /// Whether it is known to have outlived so many purges.
    pub(crate) fn has_outlived(&self, purges: u64) -> bool {
        self.outlived.load(Ordering::Relaxed) == purges
    }

    /// How long it has been here.
    #[inline]
    pub(crate) fn resident(&self, now: Timestamp) -> Duration {
        now.saturating_since(self.received)
    }

    /// The same with another body.
    pub(crate) fn with_body(&self, body: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self {
            headers: self.headers.clone(),
            inner_status: self.inner_status.clone(),
            body,
            trailers,
            selection: self.selection.clone(),
            tags: self.tags.clone(),
            uri: self.uri.clone(),
            outlived: AtomicU64::new(self.born),
            route: Arc::clone(&self.route),
            ..*self
        }
    }
}
