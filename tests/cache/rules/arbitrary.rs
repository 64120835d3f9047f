//! Whatever is sent, nothing panics, and nothing becomes storable, shared or fresh by what cannot be read.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use proptest::{collection::vec, prelude::*, sample::select};
use tower_weir::cache::rules::*;

use super::{fields, freshness, now, stored, timing};

const NAMES: [&str; 21] = [
    "age",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "connection",
    "content-length",
    "content-range",
    "date",
    "etag",
    "expires",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "last-modified",
    "location",
    "pragma",
    "range",
    "set-cookie",
    "vary",
    "host",
    "x-any",
];

/// Bytes that a field may have: any, or words that mean something, in any order.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec![
        "max-age",
        "s-maxage",
        "no-cache",
        "private",
        "public",
        "stale-if-error",
        "=",
        "\"",
        ",",
        ";",
        " ",
        "\\",
        "60",
        "0",
        "-1",
        "*",
        "W/",
        "bytes",
        "-",
        "/",
        "gzip",
        "q=0.5",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "vary",
        "\t",
        "99999999999999999999",
        "x-any",
        "?0",
        "(",
        "..",
        "http://a/",
        ":",
        "#",
        "?",
    ]);
    prop_oneof![
        vec(any::<u8>(), 0..24),
        vec(word, 0..8).prop_map(|words| words.concat().into_bytes()),
    ]
}

fn any_fields() -> impl Strategy<Value = HeaderMap> {
    vec((select(&NAMES[..]), value()), 0..6).prop_map(|lines| {
        let named = |(name, value): (&'static str, Vec<u8>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.into_iter().filter_map(named) {
            headers.append(name, value);
        }
        headers
    })
}

/// Bytes in which no directive that grants something is named.
fn garbage() -> impl Strategy<Value = String> {
    let word = select(vec![
        "max-age",
        "s-maxage",
        "no-cache",
        "no-store",
        "private",
        "must-revalidate",
        "=",
        "\"",
        ",",
        ";",
        " ",
        "\\",
        "x",
        "0",
        "-1",
        "'",
        "\u{fc}",
        "\t",
        "x=\"y",
        "max-age=\"",
        "stale-if-error=",
        "stale-while-revalidate=-",
    ]);
    vec(word, 0..8).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_panics(request in any_fields(), response in any_fields(), status in 100..=999_u16, resident: Duration) {
        let status = StatusCode::from_u16(status).unwrap();
        let rules = Rules::new()
            .default_ttl(Duration::from_secs(5))
            .heuristic(Heuristic::new())
            .request_directives(RequestDirectives::Honour);
        let asked = Asked::of(&Method::GET, &request, &rules);
        let control = ResponseControl::of(&response, rules.targeted_fields());
        let freshness = Freshness::of(status, &response, &control, timing(), &rules);
        let _ = may_store(&asked, status, &response, &control, &freshness, &rules);
        let _ = freshness.reuse(resident, &asked.control, Grace::both(resident));
        let _ = (freshness.ttl(resident), freshness.age(resident), freshness.useful_for(Grace::NONE));

        let kept = storable_fields(&response, &control, now());
        let _ = not_modified(&Method::GET, &request, status, &kept, now());
        let _ = not_modified_fields(&kept);
        let _ = selects(&kept, &response);
        let _ = updated(&kept, &response, now());
        let _ = head_effect(&kept, 5, status, &response);
        let _ = Range::evaluate(&request, &kept, 5);
        let _ = ContentRange::of(&response);
        let mut request = request;
        let uri = Uri::from_static("/a/b?c");
        let _ = Target::of(&uri, &request).related(&response).count();
        if let Some(selection) = Selection::of(&Vary::of(&response), &request) {
            prop_assert!(selection.matches(&request));
            let _ = selection.key();
        }
        let _ = revalidate(&mut request, &kept);
    }

    #[test]
    fn what_cannot_be_read_makes_nothing_storable(good in response(), before in garbage(), after in garbage()) {
        let expected = stored("", &good);
        for worse in spoiled(&good, &before, &after) {
            let found = stored("", &worse);
            prop_assert!(found.is_err() || expected.is_ok(), "{} {:?}: {} {:?}", good, expected, worse, found);
        }
    }

    #[test]
    fn what_cannot_be_read_makes_nothing_fresher(good in response(), before in garbage(), after in garbage()) {
        let held = freshness(&good);
        for worse in spoiled(&good, &before, &after) {
            let found = freshness(&worse);
            prop_assert!(found.lifetime() <= held.lifetime(), "{} {}", good, worse);
            prop_assert!(found.useful_for(Grace::NONE) <= held.useful_for(Grace::NONE), "{} {}", good, worse);
            for resident in [0, 30, 59, 61, 100].map(Duration::from_secs) {
                let reuse = |freshness: Freshness| freshness.reuse(resident, &RequestControl::NONE, Grace::NONE);
                prop_assert!(rank(reuse(found)) <= rank(reuse(held)), "{} {}", good, worse);
            }
        }
    }

    #[test]
    fn a_request_that_cannot_be_read_is_not_easier_to_content(good in request(), before in garbage(), after in garbage()) {
        let stored = freshness("cache-control: max-age=60");
        for worse in spoiled(&good, &before, &after) {
            for resident in [0, 30, 59, 61, 100].map(Duration::from_secs) {
                let reuse = |request: &str| {
                    let control = RequestControl::of(&fields(request));
                    rank(stored.reuse(resident, &control, Grace::NONE))
                };
                prop_assert!(reuse(&worse) <= reuse(&good), "{} {}", good, worse);
            }
        }
    }
}

fn response() -> impl Strategy<Value = String> {
    let directives = vec![
        "max-age=60",
        "max-age=60, s-maxage=30",
        "s-maxage=60, stale-while-revalidate=60",
        "max-age=60, stale-while-revalidate=60, stale-if-error=60",
        "no-store",
        "private, max-age=60",
        "no-cache",
        "max-age=0, public",
        "max-age=60, must-revalidate, stale-if-error=60",
    ];
    select(directives).prop_map(|directives| format!("cache-control: {directives}"))
}

fn request() -> impl Strategy<Value = String> {
    let directives = vec![
        "x",
        "no-cache",
        "max-age=10",
        "min-fresh=10",
        "max-stale=60",
        "max-stale",
        "max-age=90, max-stale=10",
    ];
    select(directives).prop_map(|directives| format!("cache-control: {directives}"))
}

/// The same with something before, after, or on lines of its own.
fn spoiled(lines: &str, before: &str, after: &str) -> Vec<String> {
    let value = lines.strip_prefix("cache-control: ").unwrap();
    vec![
        format!("{lines}, {after}"),
        format!("{lines}\ncache-control: {after}"),
        format!("cache-control: {before}\n{lines}\ncache-control: {after}"),
        // Not before it on the same line: quotes could make a directive that forbids a part of another.
        format!("cache-control: {}, {value}", before.replace(['"', '\\'], "")),
    ]
}

/// The more, the more freely a stored response is used.
fn rank(reuse: Reuse) -> u8 {
    match reuse {
        Reuse::Revalidate { if_error: false } => 0,
        Reuse::Revalidate { if_error: true } => 1,
        Reuse::StaleWhileRevalidate => 2,
        Reuse::Stale => 3,
        Reuse::Fresh => 4,
    }
}
