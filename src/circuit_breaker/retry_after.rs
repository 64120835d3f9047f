use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, header::RETRY_AFTER};

use crate::clock::Clock;

const GRPC_RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// For how long an answer asks to be left alone: `grpc-retry-pushback-ms` (gRFC A6), or `Retry-After` in seconds or as a date
/// (RFC 9110 section 10.2.3).
///
/// A negative pushback asks not to retry, which is about one call and not about how long.
pub(super) fn retry_after(fields: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let text = |name: &HeaderName| fields.get(name)?.to_str().ok();
    if let Some(pushback) = text(&GRPC_RETRY_PUSHBACK) {
        return pushback.trim().parse().ok().map(Duration::from_millis);
    }
    let value = text(&RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.saturating_sub(clock.unix_time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_ask_for_is_understood() {
        let (clock, _hand) = Clock::manual(); // 2026-01-01T01:00:00Z
        for (name, value, expected) in [
            ("retry-after", "120", Some(120_000)),
            ("retry-after", " 7 ", Some(7_000)),
            ("retry-after", "Thu, 01 Jan 2026 01:00:30 GMT", Some(30_000)),
            ("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("grpc-retry-pushback-ms", "1500", Some(1_500)),
            ("grpc-retry-pushback-ms", "-1", None),
            ("x-other", "120", None),
        ] {
            let name = HeaderName::from_static(name);
            let fields = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            let expected = expected.map(Duration::from_millis);
            assert_eq!(retry_after(&fields, &clock), expected, "{value}");
        }
    }
}
