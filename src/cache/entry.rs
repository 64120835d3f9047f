use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ETAG, LAST_MODIFIED},
};

#[cfg(feature = "compression")]
use super::compression::Coded;
use super::{
    CacheBody, Fingerprint,
    count::RouteCounts,
    rules::{ContentRange, Freshness, HttpDate, Selection},
    weight,
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
    /// With an `Age` and a `Cache-Status` whose values each hit replaces: to make room for them in a copy would cost more.
    pub(crate) headers: HeaderMap,
    /// What caches nearer to the service said in `Cache-Status`.
    pub(crate) inner_status: Option<HeaderValue>,
    pub(crate) body: Bytes,
    /// Set if the body is stored compressed.
    #[cfg(feature = "compression")]
    pub(super) coded: Option<Box<Coded>>,
    /// Which part of the whole that is, if it is not all of it: as many bytes as this says.
    pub(crate) part: Option<ContentRange>,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) freshness: Freshness,
    /// What it was chosen by.
    pub(crate) selection: Selection,
    /// Whether it may answer requests with `Authorization`, by what it says.
    pub(crate) for_authorized: bool,
    /// Whether it says that it may answer anyone.
    pub(crate) is_public: bool,
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
        #[cfg(feature = "compression")]
        let coded = self.coded.as_ref().map_or(0, |coded| weight::block(coded.weight()));
        #[cfg(not(feature = "compression"))]
        let coded = 0;
        weight::counted(size_of::<Self>())
            + coded
            + weight::fields(&self.headers)
            + self.trailers.as_ref().map_or(0, weight::fields)
            + weight::counted(self.body.len())
            + weight::block(self.uri.len())
            + weight::block(size_of_val(&*self.tags))
    }

    /// How many bytes its content has, as the service sent it.
    pub(super) fn length(&self) -> u64 {
        #[cfg(feature = "compression")]
        if let Some(coded) = &self.coded {
            return coded.length;
        }
        self.body.len() as u64
    }

    /// So many bytes of its content from `start` on, as the service sent it; there must be as many.
    pub(super) fn plain<B>(&self, start: u64, count: u64) -> CacheBody<B> {
        #[cfg(feature = "compression")]
        if let Some(coded) = &self.coded {
            return CacheBody::inflating(coded.plain(self.body.clone(), start, count));
        }
        CacheBody::full(self.body.slice(start as usize..(start + count) as usize))
    }

    /// Its body as the service sent it; `None` if it is stored compressed, and damaged.
    #[cfg(feature = "redis")]
    pub(super) fn plain_body(&self) -> Option<Bytes> {
        #[cfg(feature = "compression")]
        if let Some(coded) = &self.coded {
            return coded.inflated(self.body.clone());
        }
        Some(self.body.clone())
    }

    /// Whether the service can be asked if it is still good.
    pub(crate) fn is_confirmable(&self) -> bool {
        self.headers.contains_key(ETAG) || self.headers.contains_key(LAST_MODIFIED)
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
            #[cfg(feature = "compression")]
            coded: None,
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

#[cfg(any(test, weir_loom))]
impl Entry {
    /// One for tests, which say what matters to them.
    pub(crate) fn of_nothing() -> Self {
        use super::rules::{ResponseControl, Rules, Timing};
        let (headers, at) = (HeaderMap::new(), Duration::from_secs(1_700_000_000));
        let control = ResponseControl::default();
        Self {
            status: StatusCode::OK,
            freshness: Freshness::of(
                StatusCode::OK,
                &headers,
                &control,
                Timing::at(at),
                &Rules::new(),
            ),
            headers,
            inner_status: None,
            body: Bytes::new(),
            #[cfg(feature = "compression")]
            coded: None,
            part: None,
            trailers: None,
            selection: Selection::default(),
            for_authorized: false,
            is_public: false,
            received: Timestamp::from_nanos(1),
            received_at: HttpDate::at(at),
            took: Duration::ZERO,
            tags: Box::default(),
            uri: Box::default(),
            born: 0,
            outlived: AtomicU64::new(0),
            route: Arc::new(RouteCounts::new("test", &Arc::from("test"))),
        }
    }
}
