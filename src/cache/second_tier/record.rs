use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header::AGE};
use metrics::counter;

use super::{Landing, Purging, codec};
use crate::{
    cache::{Entry, rules::CacheStatus, rules::Selection},
    clock::Clock,
    key::SharedKey,
    telemetry::names,
};

/// What a [`SecondTier`](super::SecondTier) knows a response by: the same in all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TierKey(SharedKey);

impl TierKey {
    /// Of what is the same for all who ask for one resource.
    pub(crate) fn of(key: &[u8]) -> Self {
        Self(SharedKey::of(key))
    }

    /// Of those among them whose requests are alike in the fields that the response was chosen by.
    pub(super) fn variant(self, selection: &Selection) -> Self {
        if selection.is_empty() {
            return self;
        }
        let fields: Vec<_> =
            selection.fields().map(|(name, value)| (name.as_str(), value)).collect();
        Self(SharedKey::of(&(self.bits(), fields)))
    }

    /// Its 128 bits, evenly distributed.
    pub const fn bits(self) -> u128 {
        self.0.bits()
    }
}

/// A response that is to be kept in a second tier, not yet in bytes.
pub struct Record {
    pub(super) key: TierKey,
    /// Everything that the key was computed from, but for the fields that the response was chosen by.
    pub(super) full_key: Box<[u8]>,
    pub(super) content: Content,
    pub(super) keep: Duration,
    /// The name of the cache.
    pub(super) cache: Cow<'static, str>,
    /// Other processes wait until it is written.
    pub(super) landing: Option<Landing>,
}

pub(super) enum Content {
    Response(Written),
    ByFields(Box<[HeaderName]>),
}

/// A stored response, and what is needed to tell when it is written what there is to tell.
pub(super) struct Written {
    pub(super) entry: Arc<Entry>,
    pub(super) has_status: bool,
    pub(super) clock: Clock,
    pub(super) purging: Purging,
}

/// A [`Record`] as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// Its bytes.
    pub bytes: Bytes,
    /// For how long they are to be kept.
    pub keep: Duration,
}

/// For whoever writes a record to say what came of it. Saying nothing is allowed, and counts nothing.
///
/// Who has [claimed](super::SecondTier::claim) the call lands when this goes.
#[derive(Debug)]
#[must_use = "what came of a write is counted by what it is told"]
pub struct Receipt {
    /// The name of the cache, if it is to be counted.
    cache: Option<Cow<'static, str>>,
    _landing: Option<Landing>,
}

impl Record {
    /// What it is kept under.
    pub fn key(&self) -> TierKey {
        self.key
    }

    /// About how many bytes it holds on to while it waits to be written.
    pub fn weight(&self) -> usize {
        let content = match &self.content {
            Content::Response(written) => written.entry.weight(),
            Content::ByFields(names) => names.len() * size_of::<HeaderName>(),
        };
        size_of::<Self>() + self.full_key.len() + content
    }

    /// Its bytes, to be written at once. `None` if it was purged meanwhile. It may compress: some milliseconds for each megabyte.
    ///
    /// For how long they have been kept counts from now, also where a write may wait on its way: otherwise whoever reads them
    /// takes them for newer than they are.
    pub fn encode(self) -> Option<(Encoded, Receipt)> {
        let (kept, keep) = match &self.content {
            Content::Response(written) => written.encode(self.keep)?,
            Content::ByFields(names) => (codec::Kept::ByFields(names.clone()), self.keep),
        };
        let bytes = codec::encode(&self.full_key, keep, &kept);
        Some((Encoded { bytes, keep }, self.receipt()))
    }

    /// Says that it was not written because too many waited.
    pub fn dropped(self) {
        self.receipt().tell("dropped");
    }

    /// Says that it was not written because it is larger than is kept.
    pub fn too_large(self) {
        self.receipt().too_large();
    }

    /// What only tells where to look for responses is not counted.
    fn receipt(self) -> Receipt {
        let is_response = matches!(self.content, Content::Response(_));
        Receipt { cache: is_response.then_some(self.cache), _landing: self.landing }
    }
}

impl Written {
    fn encode(&self, keep: Duration) -> Option<(codec::Kept, Duration)> {
        let entry = &*self.entry;
        let resident = entry.resident(self.clock.now());
        let keep = keep.checked_sub(resident).filter(|keep| *keep > Duration::ZERO)?;
        let fields = entry.selection.fields();
        let response = codec::Response {
            resident,
            born: self.purging.born(entry)?,
            status: entry.status,
            headers: self.headers(),
            trailers: entry.trailers.clone(),
            freshness: entry.freshness,
            selection: fields.map(|(name, value)| (name.clone(), value.map(Box::from))).collect(),
            for_authorized: entry.for_authorized,
            is_public: entry.is_public,
            took: entry.took,
            tags: entry.tags.clone(),
            body: entry.plain_body()?,
        };
        Some((codec::Kept::Response(Box::new(response)), keep))
    }

    /// Without those that stand for what each hit tells anew.
    fn headers(&self) -> HeaderMap {
        let mut headers = self.entry.headers.clone();
        headers.remove(AGE);
        if self.has_status {
            headers.remove(CacheStatus::FIELD);
        }
        if let Some(inner) = &self.entry.inner_status {
            headers.insert(CacheStatus::FIELD, inner.clone());
        }
        headers
    }
}

impl Receipt {
    /// It is kept now.
    pub fn written(self) {
        self.tell("written");
    }

    /// It could not be written.
    pub fn failed(self) {
        self.tell("failed");
    }

    /// It is larger than is kept.
    pub fn too_large(self) {
        self.tell("too_large");
    }

    fn tell(self, outcome: &'static str) {
        if let Some(cache) = self.cache {
            let name = names::CACHE_SECOND_TIER_WRITES.name;
            counter!(name, "cache" => cache, "outcome" => outcome).increment(1);
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("weight", &self.weight())
            .finish_non_exhaustive()
    }
}
