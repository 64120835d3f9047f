//! The rules of HTTP caching, one row of a table for each requirement, with the section that makes it.
//!
//! Header fields are written as lines, `name: value`. `@-60` in them is the date of a minute before [`NOW`].

mod ages;
mod arbitrary;
mod authorization;
mod cache_status;
mod conditions;
mod dates;
mod expires;
mod fuzzed;
mod heads;
mod heuristics;
mod invalidation;
mod lifetimes;
mod parts;
mod ranges;
mod request_directives;
mod response_directives;
mod reuse;
mod revalidation;
mod statuses;
mod stored_fields;
mod storing;
mod targeted;
mod updates;
mod vary;
mod vary_normal_forms;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_weir::cache::rules::*;

/// Tue, 14 Nov 2023 22:13:20 GMT
const NOW: i64 = 1_700_000_000;

fn now() -> HttpDate {
    HttpDate::from_unix(NOW)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A response that came now, as soon as it was asked for.
fn timing() -> Timing {
    Timing::at(secs(NOW.unsigned_abs()))
}

/// The fields on these lines.
fn fields(lines: &str) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect(line);
        let value = value.strip_prefix(' ').unwrap_or(value);
        let value = match value.strip_prefix('@') {
            Some(seconds) => {
                HttpDate::from_unix(NOW + seconds.parse::<i64>().expect(line)).to_value()
            }
            None => HeaderValue::from_bytes(value.as_bytes()).expect(line),
        };
        fields.append(HeaderName::from_bytes(name.as_bytes()).expect(line), value);
    }
    fields
}

fn control(response: &str, rules: &Rules) -> ResponseControl {
    ResponseControl::of(&fields(response), rules.targeted_fields())
}

/// The freshness of a response that came now.
fn freshness_under(rules: &Rules, status: u16, response: &str) -> Freshness {
    let status = StatusCode::from_u16(status).unwrap();
    Freshness::of(status, &fields(response), &control(response, rules), timing(), rules)
}

fn freshness(response: &str) -> Freshness {
    freshness_under(&Rules::new(), 200, response)
}

/// Whether the answer to a request is stored that came now.
fn stored_under(
    rules: &Rules,
    method: &Method,
    request: &str,
    status: u16,
    response: &str,
) -> Result<(), Refusal> {
    let asked = Asked::of(method, &fields(request), rules);
    let freshness = freshness_under(rules, status, response);
    let control = control(response, rules);
    let status = StatusCode::from_u16(status).unwrap();
    may_store(&asked, status, &fields(response), &control, &freshness, rules)
}

fn stored(request: &str, response: &str) -> Result<(), Refusal> {
    stored_under(&Rules::new(), &Method::GET, request, 200, response)
}
