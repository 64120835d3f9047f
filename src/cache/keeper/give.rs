use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{AGE, CONTENT_LENGTH, CONTENT_RANGE},
};

use super::{Errand, Keeper};
use crate::{
    cache::{
        CacheBody, Entry, phrases,
        rules::{CacheStatus, ContentRange, Range, not_modified, not_modified_fields},
    },
    clock::Timestamp,
    fingerprint::Seen,
    recording::Reader,
};

/// A response that is to be given to a client, in the form that the client asked for.
pub(in super::super) struct Given<'a> {
    pub(in super::super) entry: &'a Entry,
    pub(in super::super) now: Timestamp,
    /// What `Cache-Status` says; that of a hit if nothing.
    pub(in super::super) status: Option<CacheStatus>,
}

impl<'a> Given<'a> {
    /// A stored response.
    #[inline]
    pub(in super::super) fn hit(entry: &'a Entry, now: Timestamp) -> Self {
        Self { entry, now, status: None }
    }

    /// A response that was not simply stored.
    pub(in super::super) fn because(entry: &'a Entry, now: Timestamp, status: CacheStatus) -> Self {
        Self { entry, now, status: Some(status) }
    }
}

impl Keeper {
    /// The stored response, all of it, a part, or the news that the client has it already.
    #[inline]
    pub(in super::super) fn give<B>(
        &self,
        method: &Method,
        request: &HeaderMap,
        seen: Seen,
        given: &Given<'_>,
    ) -> Response<CacheBody<B>> {
        let Given { entry, .. } = *given;
        #[cfg(feature = "compression")]
        if let Some(coded) = &entry.coded {
            return self.give_coded(method, request, seen, given, coded);
        }
        if seen.has(Seen::CONDITIONAL) && self.is_known(method, request, entry) {
            return self.give_not_modified(given);
        }
        let is_head = method == Method::HEAD;
        if seen.has(Seen::RANGE)
            && !is_head
            && entry.status == StatusCode::OK
            && let Some(response) = self.give_part(request, given)
        {
            return response;
        }
        let body = if is_head {
            CacheBody::default()
        } else {
            CacheBody::stored(entry.body.clone(), entry.trailers.as_ref())
        };
        let mut response = self.dress(given, entry.headers.clone(), entry.status, body);
        if is_head && !response.headers().contains_key(CONTENT_LENGTH) {
            response.headers_mut().insert(CONTENT_LENGTH, entry.body.len().into());
        }
        response
    }

    /// The same, to who set out on an errand.
    pub(in super::super) fn give_to<B>(
        &self,
        errand: &Errand,
        given: &Given<'_>,
    ) -> Response<CacheBody<B>> {
        self.give(&errand.method, &errand.headers, Seen::of(&errand.headers), given)
    }

    /// The response that is just coming.
    pub(in super::super) fn give_along<B>(
        &self,
        errand: &Errand,
        given: &Given<'_>,
        reader: Reader,
    ) -> Response<CacheBody<B>> {
        if self.is_known(&errand.method, &errand.headers, given.entry) {
            return self.give_not_modified(given);
        }
        self.dress(given, given.entry.headers.clone(), given.entry.status, CacheBody::along(reader))
    }

    /// Whether the client has the response already.
    pub(in super::super) fn is_known(
        &self,
        method: &Method,
        request: &HeaderMap,
        entry: &Entry,
    ) -> bool {
        not_modified(method, request, entry.status, &entry.headers, entry.received_at)
    }

    #[cold]
    pub(in super::super) fn give_not_modified<B>(
        &self,
        given: &Given<'_>,
    ) -> Response<CacheBody<B>> {
        let fields = not_modified_fields(&given.entry.headers);
        self.dress(given, fields, StatusCode::NOT_MODIFIED, CacheBody::default())
    }

    #[cold]
    pub(super) fn give_part<B>(
        &self,
        request: &HeaderMap,
        given: &Given<'_>,
    ) -> Option<Response<CacheBody<B>>> {
        let entry = given.entry;
        let complete = entry.length();
        match Range::evaluate(request, &entry.headers, complete) {
            Range::Whole => None,
            Range::Part { start, end } => {
                let part = ContentRange { start, end, complete: Some(complete) };
                Some(self.give_bytes(given, part, start..end + 1))
            }
            Range::Unsatisfiable => {
                let mut fields = not_modified_fields(&entry.headers);
                fields.insert(CONTENT_RANGE, ContentRange::unsatisfied(complete));
                Some(self.dress(
                    given,
                    fields,
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    CacheBody::default(),
                ))
            }
        }
    }

    /// A part of a stored part: what is `within` its body.
    pub(super) fn give_within<B>(
        &self,
        method: &Method,
        request: &HeaderMap,
        seen: Seen,
        given: &Given<'_>,
        within: std::ops::Range<u64>,
    ) -> Response<CacheBody<B>> {
        if seen.has(Seen::CONDITIONAL) && self.is_known(method, request, given.entry) {
            return self.give_not_modified(given);
        }
        let (first, complete) =
            given.entry.part.map_or((0, None), |part| (part.start, part.complete));
        let part =
            ContentRange { start: first + within.start, end: first + within.end - 1, complete };
        self.give_bytes(given, part, within)
    }

    fn give_bytes<B>(
        &self,
        given: &Given<'_>,
        part: ContentRange,
        within: std::ops::Range<u64>,
    ) -> Response<CacheBody<B>> {
        let mut fields = given.entry.headers.clone();
        fields.insert(CONTENT_RANGE, part.to_value());
        fields.insert(CONTENT_LENGTH, part.length().into());
        let bytes = given.entry.plain(within.start, within.end - within.start);
        self.dress(given, fields, StatusCode::PARTIAL_CONTENT, bytes)
    }

    /// Puts a response together, with its age and what the cache did.
    #[inline]
    pub(super) fn dress<B>(
        &self,
        given: &Given<'_>,
        mut headers: HeaderMap,
        status: StatusCode,
        body: CacheBody<B>,
    ) -> Response<CacheBody<B>> {
        let Given { entry, now, .. } = *given;
        let resident = entry.resident(now);
        let age = phrases::age(entry.freshness.age(resident));
        let told = self.settings.cache_status.then(|| self.told(given, resident));
        // They were put in first, and are found without a look-up.
        let mut fields = headers.iter_mut();
        match (fields.next(), told) {
            (Some((&AGE, first)), None) => *first = age,
            (Some((&AGE, first)), Some(told)) => {
                *first = age;
                match fields.next() {
                    Some((name, second)) if *name == CacheStatus::FIELD => *second = told,
                    _ => _ = headers.insert(CacheStatus::FIELD, told),
                }
            }
            (_, told) => {
                headers.insert(AGE, age);
                told.map(|told| headers.insert(CacheStatus::FIELD, told));
            }
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// What `Cache-Status` says.
    #[inline]
    fn told(&self, given: &Given<'_>, resident: Duration) -> HeaderValue {
        let entry = given.entry;
        let own = match &given.status {
            None => self.phrases.hit(entry.freshness.ttl(resident)),
            Some(told) => told.value(self.phrases.name()),
        };
        match &entry.inner_status {
            None => own,
            Some(inner) => appended(inner, &own),
        }
    }

    /// Says in `Cache-Status` what the cache did for a response that is not from it.
    pub(in super::super) fn tell<B>(&self, response: &mut Response<B>, status: CacheStatus) {
        if !self.settings.cache_status {
            return;
        }
        let own = status.value(self.phrases.name());
        // A response whose fields are as many as can be goes without.
        let _ = response.headers_mut().try_append(CacheStatus::FIELD, own);
    }
}

fn appended(inner: &HeaderValue, own: &HeaderValue) -> HeaderValue {
    let all = [inner.as_bytes(), b", ", own.as_bytes()].concat();
    HeaderValue::from_bytes(&all).unwrap_or_else(|_| own.clone())
}
