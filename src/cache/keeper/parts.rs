//! Parts of responses: kept, put together, and given to those who ask for what lies within them (RFC 9111 sections 3.3, 3.4).

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, Method, Response, StatusCode,
    header::{AGE, CONTENT_LENGTH, CONTENT_RANGE},
};

use super::{Given, Keeper, look_up::Asking};
use crate::{
    cache::{
        CacheBody, Entry, Resource,
        count::Outcome,
        interned,
        rules::{CacheStatus, ContentRange, Range, Reuse, same_strong_validator, updated},
    },
    sync::AtomicU64,
};

/// They tell of the bytes of one message.
const OF_CONTENT: [HeaderName; 2] =
    [HeaderName::from_static("content-digest"), HeaderName::from_static("content-md5")];

impl Keeper {
    /// The answer to a request for a part, if a stored part has it.
    #[cold]
    pub(super) fn answer_part<B>(
        &self,
        asking: &Asking<'_>,
        resource: &Resource,
    ) -> Option<Response<CacheBody<B>>> {
        let Asking { head, seen, control, personal, now } = asking;
        if head.method != Method::GET {
            return None;
        }
        let grace = self.settings.rules.allowed_grace();
        resource.variants.iter().find_map(|entry| {
            let part = entry.part?;
            let outcome = match entry.freshness.reuse(entry.resident(*now), control, grace) {
                Reuse::Fresh => Outcome::Hit,
                Reuse::Stale => Outcome::Stale,
                _ => return None,
            };
            // Of a whole whose length is not known, only what both ends are named of can be found.
            let complete = part.complete.unwrap_or(u64::MAX);
            let within = part.within(Range::evaluate(head.headers, &entry.headers, complete))?;
            if !self.answers(entry, head.headers, *personal) {
                return None;
            }
            entry.route.count(outcome);
            Some(self.give_within(
                head.method,
                head.headers,
                *seen,
                &Given::hit(entry, *now),
                within,
            ))
        })
    }

    /// What is to be stored instead of a part that has just come, together with what is known of the rest of the same version. Of
    /// `others`, that is taken out, and so is what the part is not of.
    pub(super) fn joined(&self, part: Arc<Entry>, others: &mut Vec<Arc<Entry>>) -> Arc<Entry> {
        let mut joined = part;
        others.retain(|other| {
            // What is stored compressed has all bytes, but not as they would be joined.
            if other.selection != joined.selection || other.is_coded() {
                return true;
            }
            if !same_strong_validator(&joined.headers, &other.headers) {
                return false;
            }
            let (Some(one), Some(another)) = (span(&joined), span(other)) else { return false };
            match one.joined(another) {
                Some(both) if both.length() <= self.settings.max_object_bytes => {
                    joined = Arc::new(self.combined(&joined, other, both));
                    false
                }
                // There is a gap between them; or one must be wrong, if they are of wholes of different lengths.
                _ => {
                    one.complete.is_none_or(|own| another.complete.is_none_or(|other| own == other))
                }
            }
        });
        match span(&joined) {
            Some(all) if joined.part.is_some() && all.is_whole() => {
                Arc::new(self.spanning(&joined, joined.headers.clone(), joined.body.to_vec(), all))
            }
            _ => joined,
        }
    }

    /// A newer and an older part of the same version, which overlap or adjoin.
    fn combined(&self, newer: &Entry, older: &Entry, both: ContentRange) -> Entry {
        let mut body = vec![0; both.length() as usize];
        for entry in [older, newer] {
            if let Some(part) = span(entry) {
                let at = (part.start - both.start) as usize;
                body[at..at + entry.body.len()].copy_from_slice(&entry.body);
            }
        }
        let fields = updated(&older.headers, &newer.headers, newer.received_at);
        let entry = self.spanning(newer, fields, body, both);
        let tags = older.tags.iter().chain(&newer.tags).copied().collect();
        Entry {
            trailers: older.trailers.clone(),
            tags,
            for_authorized: newer.for_authorized && older.for_authorized,
            is_public: newer.is_public && older.is_public,
            ..entry
        }
    }

    /// An entry like another, with a body that has so much of the whole.
    fn spanning(
        &self,
        like: &Entry,
        mut fields: HeaderMap,
        body: Vec<u8>,
        span: ContentRange,
    ) -> Entry {
        for name in OF_CONTENT.into_iter().chain([AGE, CacheStatus::FIELD]) {
            fields.remove(name);
        }
        fields.insert(CONTENT_LENGTH, span.length().into());
        let part = (!span.is_whole()).then_some(span);
        match part {
            Some(part) => fields.insert(CONTENT_RANGE, part.to_value()),
            None => fields.remove(CONTENT_RANGE),
        };
        Entry {
            status: part.map_or(StatusCode::OK, |_| StatusCode::PARTIAL_CONTENT),
            headers: interned::fields(&fields, self.settings.cache_status),
            part,
            outlived: AtomicU64::new(like.born),
            ..like.with_body(body.into(), like.trailers.clone())
        }
    }
}

/// Which bytes of the whole an entry has; `None` if there are none.
fn span(entry: &Entry) -> Option<ContentRange> {
    let length = entry.body.len() as u64;
    entry.part.or_else(|| {
        Some(ContentRange { start: 0, end: length.checked_sub(1)?, complete: Some(length) })
    })
}
