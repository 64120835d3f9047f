//! Parts of responses: kept, put together, and given to those who ask for what lies within them (RFC 9111 sections 3.3, 3.4).

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Response, StatusCode,
    header::{AGE, CONTENT_LENGTH, CONTENT_RANGE},
};

use super::{Given, Keeper, errand::Personal, judge::MOST_FIELDS, look_up::Asking};
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

    /// Whether there is some of what a request wants.
    pub(super) fn has_part(
        &self,
        resource: &Resource,
        headers: &HeaderMap,
        personal: Personal,
    ) -> bool {
        let mut variants = resource.variants.iter();
        variants.any(|entry| entry.part.is_some() && self.answers(entry, headers, personal))
    }

    /// What is to be stored instead of a part that has just come, together with what is known of the rest of the same version. Of
    /// `others`, that is taken out, and so is what is not of that version. `None` if the whole is stored.
    pub(super) fn joined(
        &self,
        part: &Arc<Entry>,
        others: &mut Vec<Arc<Entry>>,
    ) -> Option<Arc<Entry>> {
        let selection = part.selection.clone();
        let is_same = |other: &Entry| same_strong_validator(&part.headers, &other.headers);
        let beside = |other: &&Arc<Entry>| other.selection == selection && is_same(other);
        if others.iter().filter(beside).any(|other| other.part.is_none()) {
            return None;
        }
        let mut joined = Arc::clone(part);
        others.retain(|other| {
            if other.selection != selection {
                return true;
            }
            let (Some(one), Some(another), true) = (joined.part, other.part, is_same(other)) else {
                return false;
            };
            match one.joined(another) {
                Some(both) if both.length() <= self.settings.max_object_bytes => {
                    if let Some(combined) = self.combined(&joined, other, both) {
                        joined = Arc::new(combined);
                    }
                    false
                }
                // There is a gap between them; or one must be wrong, if they are of wholes of different lengths.
                _ => {
                    one.complete.is_none()
                        || another.complete.is_none()
                        || one.complete == another.complete
                }
            }
        });
        match joined.part {
            Some(all) if all.is_whole() => {
                let whole =
                    self.spanning(&joined, joined.headers.clone(), joined.body.clone(), all);
                Some(Arc::new(whole))
            }
            _ => Some(joined),
        }
    }

    /// A newer and an older part of the same version, which overlap or adjoin. `None` if they have too many fields.
    fn combined(&self, newer: &Entry, older: &Entry, both: ContentRange) -> Option<Entry> {
        let fields = updated(&older.headers, &newer.headers, newer.received_at);
        if fields.len() > MOST_FIELDS {
            return None;
        }
        let mut body = vec![0; both.length() as usize];
        for entry in [older, newer] {
            if let Some(part) = entry.part {
                let at = (part.start - both.start) as usize;
                body[at..at + entry.body.len()].copy_from_slice(&entry.body);
            }
        }
        let entry = self.spanning(newer, fields, body.into(), both);
        let tags = older.tags.iter().chain(&newer.tags).copied().collect();
        Some(Entry {
            tags,
            for_authorized: newer.for_authorized && older.for_authorized,
            is_public: newer.is_public && older.is_public,
            ..entry
        })
    }

    /// An entry like another, with a body that has so much of the whole.
    fn spanning(
        &self,
        like: &Entry,
        mut fields: HeaderMap,
        body: Bytes,
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
            ..like.with_body(body, like.trailers.clone())
        }
    }
}
