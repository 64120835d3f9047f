//! The rules of HTTP caching, as functions of header fields and times: they know no clock, no body and no service.
//!
//! They are those of a *shared* cache: RFC 9111, with RFC 9110 (validators, conditional requests, ranges), RFC 5861
//! (`stale-while-revalidate`, `stale-if-error`), RFC 8246 (`immutable`), RFC 9211 (`Cache-Status`) and RFC 9213
//! (`CDN-Cache-Control`). What they read may have been sent by anyone: what cannot be parsed never makes a response
//! storable, shared or fresh.
//!
//! ```
//! use std::time::Duration;
//! use http::{HeaderMap, Method, StatusCode};
//! use tower_weir::cache::rules::*;
//!
//! let rules = Rules::new();
//! let asked = Asked::of(&Method::GET, &HeaderMap::new(), &rules);
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("cache-control", "max-age=60, stale-while-revalidate=30".parse()?);
//!
//! let timing = Timing::at(Duration::from_secs(1_700_000_000));
//! let control = ResponseControl::of(&headers, rules.targeted_fields());
//! let freshness = Freshness::of(StatusCode::OK, &headers, &control, timing, &rules);
//! may_store(&asked, StatusCode::OK, &headers, &control, &freshness, &rules)?;
//!
//! let secs = Duration::from_secs;
//! assert_eq!(freshness.reuse(secs(59), &asked.control, Grace::NONE), Reuse::Fresh);
//! assert_eq!(freshness.reuse(secs(61), &asked.control, Grace::NONE), Reuse::StaleWhileRevalidate);
//! assert_eq!(freshness.reuse(secs(91), &asked.control, Grace::NONE), Reuse::Revalidate { if_error: false });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where they are stricter than the standards
//!
//! - An `Age` that is no number makes a response stale, where RFC 9111 section 5.1 would ignore it; so does a list of ages.
//! - A member of `Cache-Control` that breaks the grammar grants nothing, but forbids what the directives named in it forbid.
//! - `Pragma: no-cache` in a response without `Cache-Control` counts: who sends it wants just that.
//! - A lifetime that the response does not give itself is not for answers to requests with `Cookie`.
//! - Answers to preconditions and ranges (412, 416) are not stored: they hold for the request that they answer.
//!
//! # Where a directive prevails over another
//!
//! `s-maxage` forbids to use what is stale (RFC 9111 section 5.2.2.10), but not where the same response grants it with
//! `stale-while-revalidate` or `stale-if-error`: who writes `s-maxage=60, stale-while-revalidate=600` means both.
//! `must-revalidate` and `proxy-revalidate` prevail over all.

mod age;
mod cache_status;
mod coding;
mod conditional;
mod control;
mod date;
mod directives;
mod entity_tag;
mod fields;
mod freshness;
mod head;
mod invalidation;
mod lifetime;
mod list;
mod normal;
mod range;
mod request;
mod resolve;
mod reuse;
mod settings;
mod status;
mod storing;
mod targeted;
mod update;
mod vary;

#[cfg(feature = "redis")]
pub(super) use self::freshness::Staleness;
pub use self::{
    cache_status::{CacheName, CacheStatus, Forward},
    coding::ContentCoding,
    conditional::{must_forward, not_modified, not_modified_fields, revalidate},
    control::ResponseControl,
    date::HttpDate,
    entity_tag::EntityTag,
    fields::{is_connection_field, storable_fields},
    freshness::{Freshness, Lifetime, Timing},
    head::{HeadEffect, head_effect},
    invalidation::{Target, invalidates, is_safe},
    range::{ContentRange, Range, same_strong_validator},
    request::{RequestControl, is_plain},
    reuse::{Grace, Reuse},
    settings::{AuthorizedResponses, CookieResponses, Heuristic, RequestDirectives, Rules},
    status::{is_heuristically_cacheable, is_understood},
    storing::{Asked, Refusal, answers_get, may_store},
    update::{selects, updated},
    vary::{Selection, Vary},
};
