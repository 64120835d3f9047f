use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{AGE, CONTENT_LENGTH},
    response::Parts,
};

use super::{Errand, Keeper};
use crate::{
    cache::{
        Entry, interned,
        rules::{
            CacheStatus, ContentRange, Freshness, HttpDate, Lifetime, Refusal, ResponseControl,
            Selection, Timing, Vary, may_store, storable_fields,
        },
        tags,
    },
    clock::Timestamp,
    reject::{Rejected, grpc_code, is_grpc},
    sync::AtomicU64,
};

/// A response with more fields is passed on and not stored: the map of them could not hold those that a cache adds.
pub(super) const MOST_FIELDS: usize = 1_024;

/// What is to become of a response.
pub(in super::super) enum Judged {
    /// It is stored, once it is whole.
    Kept(Kept),
    /// It is given to all who waited for it, and not stored.
    Shared(Kept),
    /// It is for whoever asked, for this reason.
    Refused { why: &'static str, lasting: bool },
}

/// A response that will be there for more than one client, without its body.
pub(in super::super) struct Kept {
    pub(in super::super) entry: Arc<Entry>,
    /// The length of its body, if it is known.
    pub(in super::super) length: Option<u64>,
}

/// When a call began and ended.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Called {
    pub(in super::super) requested: Timestamp,
    pub(in super::super) requested_at: Duration,
    pub(in super::super) received: Timestamp,
    pub(in super::super) received_at: Duration,
    /// How many purges there had been when it began.
    pub(in super::super) born: u64,
}

impl Keeper {
    /// What is to become of the response to an errand whose body has `length` bytes, as far as that is known.
    pub(in super::super) fn judge(
        &self,
        errand: &Errand,
        response: &Parts,
        length: Option<u64>,
        called: Called,
    ) -> Judged {
        let refused = |why| Judged::Refused { why, lasting: true };
        if response.headers.len() > MOST_FIELDS {
            return refused("too-many-fields");
        }
        let Ok(length) = body_length(&response.headers, length) else {
            return Judged::Refused { why: "unclear-length", lasting: false };
        };
        let rules = &errand.rules;
        let control = ResponseControl::of(&response.headers, rules.targeted_fields());
        let freshness =
            self.freshness(errand, response.status, &response.headers, &control, called);
        let allowed = may_store(
            &errand.asked,
            response.status,
            &response.headers,
            &control,
            &freshness,
            rules,
        );
        let declared = control.public || freshness.source() == Lifetime::Explicit;
        let allowed = match allowed {
            Ok(()) if errand.personal.identity && !declared => Err(Refusal::Authorization),
            allowed => allowed,
        };
        if allowed == Err(Refusal::Cookie) {
            self.tell_of_cookies();
        }
        let Some(kept) = self.keep(errand, response, &control, freshness, length, called) else {
            return refused("vary-any");
        };
        let Ok(kept) = kept else { return refused("too-many-tags") };
        let shareable = kept.length.is_none_or(|length| length <= self.settings.max_object_bytes);
        match allowed {
            Ok(()) if !shareable => refused("too-large"),
            Ok(()) if grpc_failed(response) => {
                Judged::Refused { why: "grpc-status", lasting: false }
            }
            Ok(()) if !self.user_allows(errand, response) => refused("not-cacheable"),
            Ok(()) => Judged::Kept(kept),
            // Nobody should have to ask a failing service again for what it has just told another.
            Err(Refusal::Status | Refusal::NoFreshness)
                if response.status.is_server_error()
                    && shareable
                    && errand.personal == Default::default()
                    && response.extensions.get::<Rejected>().is_none() =>
            {
                Judged::Shared(kept)
            }
            // Or wait for each other no longer because it is slow.
            Err(Refusal::NoFreshness)
                if shareable
                    && errand.personal == Default::default()
                    && self.would_be_fresh(errand, response, &control, called) =>
            {
                Judged::Shared(kept)
            }
            Err(refusal) => {
                Judged::Refused { why: refusal.as_str(), lasting: lasts(refusal, response) }
            }
        }
    }

    /// What is stored after the service has confirmed `stale` with these fields, or told them in its answer to a HEAD. `None`
    /// if by these it is not to be stored.
    pub(in super::super) fn updated(
        &self,
        errand: &Errand,
        stale: &Entry,
        newer: &HeaderMap,
        called: Called,
    ) -> Option<Entry> {
        if newer.len() > MOST_FIELDS {
            return None;
        }
        let received_at = HttpDate::at(called.received_at);
        let mut held = stale.headers.clone();
        held.remove(AGE);
        held.remove(CacheStatus::FIELD);
        let headers = crate::cache::rules::updated(&held, newer, received_at);
        if headers.len() > MOST_FIELDS {
            return None;
        }
        let control = ResponseControl::of(&headers, errand.rules.targeted_fields());
        let freshness = self.freshness(errand, stale.status, &headers, &control, called);
        may_store(&errand.asked, stale.status, &headers, &control, &freshness, &errand.rules)
            .ok()?;
        let mut response = Response::new(());
        *response.status_mut() = stale.status;
        *response.headers_mut() = headers;
        let (response, ()) = response.into_parts();
        let length = Some(stale.length());
        let kept = self.keep(errand, &response, &control, freshness, length, called)?.ok()?;
        // Tags that were set by the handler come with whole responses only.
        let tags = if newer_tags(newer) { kept.entry.tags.clone() } else { stale.tags.clone() };
        let entry = self.with_content_of(&kept.entry, stale)?;
        Some(Entry { tags, ..entry })
    }

    /// Whether it was stale when it came only because it took so long.
    fn would_be_fresh(
        &self,
        errand: &Errand,
        response: &Parts,
        control: &ResponseControl,
        called: Called,
    ) -> bool {
        let at_once = Called { requested_at: called.received_at, ..called };
        let headers = &response.headers;
        let freshness = self.freshness(errand, response.status, headers, control, at_once);
        freshness.is_fresh(Duration::ZERO) && !freshness.must_be_validated()
    }

    /// A head with the content of another response.
    fn with_content_of(&self, head: &Entry, other: &Entry) -> Option<Entry> {
        #[cfg(feature = "compression")]
        return head.with_coded_content_of(other, self.settings.rules.targeted_fields());
        #[cfg(not(feature = "compression"))]
        Some(head.with_body(other.body.clone(), other.trailers.clone()))
    }

    fn freshness(
        &self,
        errand: &Errand,
        status: StatusCode,
        headers: &HeaderMap,
        control: &ResponseControl,
        called: Called,
    ) -> Freshness {
        let timing = Timing { requested: called.requested_at, received: called.received_at };
        Freshness::of(status, headers, control, timing, &errand.rules)
    }

    /// The stored form of a response. `None` if no other request can be like the one that it answers.
    fn keep(
        &self,
        errand: &Errand,
        response: &Parts,
        control: &ResponseControl,
        freshness: Freshness,
        length: Option<u64>,
        called: Called,
    ) -> Option<Result<Kept, tags::TooManyTags>> {
        let Called { requested, received, .. } = called;
        let received_at = HttpDate::at(called.received_at);
        let selection = Selection::of(&Vary::of(&response.headers), &errand.headers)?;
        let uri = errand.stored_uri();
        let tags = match tags::of(&response.headers, &response.extensions, uri, &self.scope) {
            Ok(tags) => tags,
            Err(too_many) => return Some(Err(too_many)),
        };
        let mut headers = storable_fields(&response.headers, control, received_at);
        if !self.settings.pass_tags_on {
            tags::strip(&mut headers);
        }
        let with_status = self.settings.cache_status;
        let inner_status = if with_status { joined_status(&headers) } else { None };
        let entry = Arc::new(Entry {
            status: response.status,
            headers: interned::fields(&headers, with_status),
            inner_status,
            body: Bytes::new(),
            #[cfg(feature = "compression")]
            coded: None,
            part: if response.status == StatusCode::PARTIAL_CONTENT {
                ContentRange::of(&response.headers)
            } else {
                None
            },
            trailers: None,
            freshness,
            selection,
            is_public: control.public,
            for_authorized: control.public
                || control.must_revalidate
                || control.s_maxage.is_some_and(|seconds| seconds > 0),
            received,
            received_at,
            took: received.saturating_since(requested),
            tags,
            uri: uri.into(),
            born: called.born,
            outlived: AtomicU64::new(called.born),
            route: Arc::clone(&errand.route),
        });
        Some(Ok(Kept { entry, length }))
    }

    #[cold]
    fn tell_of_cookies(&self) {
        use std::sync::atomic::Ordering;
        if !self.told_of_cookies.swap(true, Ordering::Relaxed) {
            let cache = &*self.settings.name;
            tracing::warn!(
                cache,
                "a response without a lifetime of its own is not stored where the request has cookies, as it may be personal; if \
                 none depends on cookies, state it: `Fingerprint::builder().disregard(COOKIE)` (logged once)"
            );
        }
    }

    fn user_allows(&self, errand: &Errand, response: &Parts) -> bool {
        let Some(cacheable) = &self.settings.cacheable else { return true };
        let mut head = Response::new(());
        *head.status_mut() = response.status;
        *head.version_mut() = response.version;
        head.headers_mut().clone_from(&response.headers);
        head.extensions_mut().clone_from(&response.extensions);
        cacheable(&errand.head(), &head)
    }
}

/// Whether the next response is likely to be refused for the same reason.
fn lasts(refusal: Refusal, response: &Parts) -> bool {
    let by_this_request = matches!(
        refusal,
        Refusal::RequestNoStore | Refusal::Authorization | Refusal::Cookie | Refusal::Partial
    );
    // Any client can make a service refuse what only it has sent, and would turn the cache off for all others by that.
    let is_errors = refusal == Refusal::Status && response.status.is_client_error();
    !by_this_request
        && !is_errors
        && !response.status.is_server_error()
        && response.extensions.get::<Rejected>().is_none()
}

/// Whether a gRPC response says in its head that the call failed.
fn grpc_failed(response: &Parts) -> bool {
    is_grpc(&response.headers) && grpc_code(&response.headers).is_some_and(|code| code != 0)
}

fn newer_tags(newer: &HeaderMap) -> bool {
    newer.contains_key("surrogate-key") || newer.contains_key("cache-tag")
}

/// The length of a body that has `exact` bytes as far as that is known, and of which `Content-Length` tells.
///
/// # Errors
///
/// If these contradict each other, or the field says nothing that is clear: what is sent is not the whole then, or more than
/// that (RFC 9110 section 8.6).
fn body_length(headers: &HeaderMap, exact: Option<u64>) -> Result<Option<u64>, UnclearLength> {
    let told = |value: &HeaderValue| -> Option<u64> {
        let digits = value.to_str().ok()?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    headers.get_all(CONTENT_LENGTH).iter().try_fold(exact, |known, value| {
        let told = told(value).ok_or(UnclearLength)?;
        if known.is_none_or(|known| known == told) { Ok(Some(told)) } else { Err(UnclearLength) }
    })
}

struct UnclearLength;

/// What caches nearer to the service said.
pub(in super::super) fn joined_status(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(CacheStatus::FIELD).iter();
    let first = lines.next()?;
    let all = lines.fold(first.as_bytes().to_vec(), |mut all, line| {
        all.extend_from_slice(b", ");
        all.extend_from_slice(line.as_bytes());
        all
    });
    HeaderValue::from_bytes(&all).ok()
}
