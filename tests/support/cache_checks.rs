//! What must hold of the rules of caching whatever bytes they are given: for the fuzz targets, and for proptests that do the
//! same in a small way.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use tower_weir::{
    cache::{Fingerprint, Query, rules::*},
    head::Head,
};

/// Lines of bytes as values of a field; those that no field can have are left out.
fn field(headers: &mut HeaderMap, name: &'static str, lines: &[u8]) {
    for line in lines.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

/// The bytes up to a zero, and those after it.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let zero = bytes.iter().position(|byte| *byte == 0);
    zero.map_or((bytes, &[]), |zero| (&bytes[..zero], &bytes[zero + 1..]))
}

/// Nothing that follows directives which set all the times makes the response fresher, or forbids less.
pub(crate) fn cache_control(bytes: &[u8]) {
    let timing = Timing::at(Duration::from_secs(1_700_000_000));
    let times = "max-age=60, s-maxage=60, stale-while-revalidate=30, stale-if-error=30";
    for (good, refusal) in
        [("", None), ("no-store", Some(Refusal::NoStore)), ("private", Some(Refusal::Private))]
    {
        let mut response = HeaderMap::new();
        field(&mut response, "cache-control", format!("{times}, {good}").as_bytes());
        let (lines, targeted) = halves(bytes);
        field(&mut response, "cache-control", lines);

        let rules = Rules::new().targeted([]);
        let control = ResponseControl::of(&response, rules.targeted_fields());
        let freshness = Freshness::of(StatusCode::OK, &response, &control, timing, &rules);
        assert!(freshness.lifetime() <= Duration::from_secs(60));
        assert!(freshness.useful_for(Grace::NONE) <= Duration::from_secs(90));
        let late = freshness.reuse(Duration::from_secs(91), &RequestControl::NONE, Grace::NONE);
        assert_eq!(late, Reuse::Revalidate { if_error: false });

        let asked = Asked::of(&Method::GET, &HeaderMap::new(), &rules);
        let stored = may_store(&asked, StatusCode::OK, &response, &control, &freshness, &rules);
        if refusal.is_some() && !control.must_understand {
            assert!(stored.is_err());
        }
        let asked_so = RequestControl::of(&response);
        let _ = freshness.reuse(Duration::from_secs(61), &asked_so, Grace::both(Duration::MAX));

        field(&mut response, "cdn-cache-control", targeted);
        let control = ResponseControl::of(&response, Rules::new().targeted_fields());
        let kept = storable_fields(&response, &control, HttpDate::at(timing.received));
        assert!(kept.keys().all(|name| !control.withholds(name) || name == "date"));
    }
}

/// What is read as a date can be written, and is read as the same again.
pub(crate) fn dates(bytes: &[u8]) {
    let (year, text) = bytes.split_at(bytes.len().min(4));
    let now = year.iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    let now = HttpDate::from_unix(now);
    if let Some(date) = HttpDate::parse(text, now) {
        let written = date.to_value();
        assert_eq!(HttpDate::parse(written.as_bytes(), now), Some(date));
        assert!(text.len() >= "Sun Nov  6 08:49:37 1994".len());
    }
}

/// To be like another request is an equivalence, and the same as to have the same selection.
pub(crate) fn vary(bytes: &[u8]) {
    let (vary, requests) = halves(bytes);
    let mut response = HeaderMap::new();
    field(&mut response, "vary", vary);
    let vary = Vary::of(&response);
    let requests: Vec<HeaderMap> = requests
        .splitn(3, |byte| *byte == 0)
        .map(|lines| {
            let mut request = HeaderMap::new();
            for name in ["foo", "accept", "accept-encoding", "accept-language", "cookie"] {
                field(&mut request, name, lines);
            }
            request
        })
        .collect();
    let alike = |one: &HeaderMap, other: &HeaderMap| {
        Selection::of(&vary, one).is_some_and(|selection| selection.matches(other))
    };
    for one in &requests {
        assert_eq!(alike(one, one), vary != Vary::Any);
        for other in &requests {
            assert_eq!(alike(one, other), alike(other, one));
            let same = Selection::of(&vary, one) == Selection::of(&vary, other);
            assert_eq!(alike(one, other), same && vary != Vary::Any);
            for third in &requests {
                assert!(!alike(one, other) || !alike(other, third) || alike(one, third));
            }
        }
    }
}

/// Two requests have the same key only if they are the same in all that is said to enter it.
pub(crate) fn fingerprint(bytes: &[u8]) {
    let (one, other) = halves(bytes);
    let (Some(one), Some(other)) = (request(one), request(other)) else { return };
    let keyed = [HeaderName::from_static("x-a"), HeaderName::from_static("x-b")];
    let builder =
        keyed.iter().cloned().fold(Fingerprint::builder(), |builder, name| builder.header(name));
    let (key, other_key) = (builder.key_of(&Head::of(&one)), builder.key_of(&Head::of(&other)));
    assert_eq!(key, builder.key_of(&Head::of(&one)));
    let enters = |request: &Request<()>| {
        let lines = |name: &HeaderName| -> Vec<_> {
            request.headers().get_all(name).iter().cloned().collect()
        };
        let uri = request.uri();
        let host = uri.authority().map(|authority| authority.as_str().as_bytes().to_vec());
        let host =
            host.or_else(|| request.headers().get("host").map(|host| host.as_bytes().to_vec()));
        let path = (uri.path().to_owned(), uri.query().map(str::to_owned));
        (
            uri.scheme_str().map(str::to_owned),
            host.unwrap_or_default(),
            path,
            keyed.each_ref().map(lines),
        )
    };
    if key.is_some() && other_key.is_some() {
        assert_eq!(key == other_key, enters(&one) == enters(&other));
    }
    for query in [Query::sorted(), Query::only(["a"]), Query::without(["a"]), Query::ignored()] {
        let builder = Fingerprint::builder().query(query);
        assert_eq!(builder.key_of(&Head::of(&one)).is_some(), key.is_some());
    }
}

/// A GET by its lines: the URI, the host, and values of two fields by turns.
fn request(lines: &[u8]) -> Option<Request<()>> {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let uri = Uri::try_from(lines.next()?).ok()?;
    let mut request = Request::get(uri);
    if let Some(host) = lines.next().filter(|host| !host.is_empty()) {
        request = request.header("host", HeaderValue::from_bytes(host).ok()?);
    }
    for (n, line) in lines.enumerate() {
        let name = if n % 2 == 0 { "x-a" } else { "x-b" };
        request = request.header(name, HeaderValue::from_bytes(line).ok()?);
    }
    request.body(()).ok()
}
