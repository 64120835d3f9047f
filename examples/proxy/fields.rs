//! The fields that a proxy changes in what it passes on.

use std::{net::IpAddr, time::SystemTime};

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{
        AGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, COOKIE, DATE, EXPIRES, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRANSFER_ENCODING, UPGRADE, VARY,
        VIA,
    },
};
use tower_weir::clock::Clock;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Fields for one connection, whether `Connection` names them or not (RFC 9110, section 7.6.1). `Trailer` is not one of them:
/// it describes the message.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Fields that `Connection` may not name (RFC 9110, section 7.6.1, forbids it for those intended for all recipients). To take
/// them away would change where a message goes, where it ends, for whom it is or how long it may be kept.
const END_TO_END: [HeaderName; 9] =
    [AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, DATE, EXPIRES, HOST, SET_COOKIE, VARY];

/// A message has a transfer coding that is not understood here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnknownCoding;

/// Takes away what is meant for the connection that the message came over.
///
/// hyper has taken the chunks out of the body. Another coding is still in there, and nobody could take it out any more once the
/// field is gone; a `Content-Length` beside `Transfer-Encoding` is wrong about the body (RFC 9112, section 6.1).
pub(crate) fn strip(headers: &mut HeaderMap) -> Result<(), UnknownCoding> {
    if headers.contains_key(TRANSFER_ENCODING) {
        let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
        let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !(codings.next().is_some_and(chunked) && codings.next().is_none()) {
            return Err(UnknownCoding);
        }
        headers.remove(CONTENT_LENGTH);
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !END_TO_END.contains(name))
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    Ok(())
}

/// Whether the client takes trailers.
pub(crate) fn wants_trailers(headers: &HeaderMap) -> bool {
    let mut wishes = headers.get_all(TE).iter().filter_map(|line| line.to_str().ok());
    wishes.any(|line| line.split(',').any(|wish| wish.trim().eq_ignore_ascii_case("trailers")))
}

/// Adds this proxy to those that the message came through; `version` is the one that it came in (RFC 9110, section 7.6.3).
pub(crate) fn add_via(headers: &mut HeaderMap, version: Version) {
    let via = match version {
        Version::HTTP_10 => "1.0 weir",
        Version::HTTP_2 => "2.0 weir",
        _ => "1.1 weir",
    };
    headers.append(VIA, HeaderValue::from_static(via));
}

/// Adds the client to those for whom the request was passed on.
pub(crate) fn add_forwarded_for(headers: &mut HeaderMap, client: IpAddr) {
    if let Ok(client) = HeaderValue::try_from(client.to_canonical().to_string()) {
        headers.append(X_FORWARDED_FOR, client);
    }
}

/// Makes one field of the pieces that HTTP/2 may have cut the cookies into (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let pieces: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(mut cookies) = HeaderValue::from_bytes(&pieces.join(&b"; "[..])) {
        cookies.set_sensitive(true);
        headers.insert(COOKIE, cookies);
    }
}

/// Says when the response came, if the upstream did not say when it made it (RFC 9110, section 6.6.1).
pub(crate) fn add_date(headers: &mut HeaderMap) {
    headers.entry(DATE).or_insert_with(|| {
        let now = SystemTime::UNIX_EPOCH + Clock::system().unix_time();
        HeaderValue::try_from(httpdate::fmt_http_date(now)).expect("a date is plain ASCII")
    });
}
