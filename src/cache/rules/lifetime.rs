use std::time::Duration;

use http::{
    HeaderMap, StatusCode,
    header::{DATE, EXPIRES, LAST_MODIFIED},
};

use super::{Heuristic, HttpDate, Lifetime, ResponseControl, Rules, is_heuristically_cacheable};

/// For how many seconds a response is fresh, and who says so (RFC 9111 section 4.2.1).
pub(super) fn lifetime(
    status: StatusCode,
    headers: &HeaderMap,
    control: &ResponseControl,
    received: HttpDate,
    rules: &Rules,
) -> (u32, Lifetime) {
    if let Some(seconds) = control.s_maxage.or(control.max_age) {
        return (seconds, Lifetime::Explicit);
    }
    let date = HttpDate::of_field(headers, &DATE, received).unwrap_or(received);
    if !control.targeted && headers.contains_key(EXPIRES) {
        return (until_expiry(headers, date, received), Lifetime::Explicit);
    }
    if !control.public && !is_heuristically_cacheable(status) {
        return (0, Lifetime::Unknown);
    }
    let modified = HttpDate::of_field(headers, &LAST_MODIFIED, received);
    if let (Some(heuristic), Some(modified)) = (rules.heuristic, modified) {
        return (heuristic.seconds(date, modified), Lifetime::Heuristic);
    }
    match rules.default_ttl {
        Some(ttl) => (whole_seconds(ttl), Lifetime::Default),
        None => (0, Lifetime::Unknown),
    }
}

/// `Expires` less `Date`. What is no date has expired (RFC 9111 section 5.3), and of several the first to expire counts.
fn until_expiry(headers: &HeaderMap, date: HttpDate, now: HttpDate) -> u32 {
    let left = |value: &http::HeaderValue| {
        let expires = HttpDate::parse(value.as_bytes(), now)?;
        Some(between(date, expires))
    };
    headers.get_all(EXPIRES).iter().map(|value| left(value).unwrap_or(0)).min().unwrap_or(0)
}

impl Heuristic {
    fn seconds(self, date: HttpDate, modified: HttpDate) -> u32 {
        let part = u64::from(between(modified, date)) * u64::from(self.percent) / 100;
        part.min(whole_seconds(self.max).into()).try_into().unwrap_or(u32::MAX)
    }
}

/// Seconds from one time to another; 0 if the other is earlier.
pub(super) fn between(from: HttpDate, to: HttpDate) -> u32 {
    let seconds = to.unix().saturating_sub(from.unix()).max(0);
    seconds.try_into().unwrap_or(u32::MAX)
}

fn whole_seconds(duration: Duration) -> u32 {
    duration.as_secs().try_into().unwrap_or(u32::MAX)
}
