use tower_weir::cache::rules::*;

use super::fields;

const NONE: RequestControl = RequestControl::NONE;
const NO_CACHE: RequestControl = RequestControl { no_cache: true, ..NONE };
const NO_STORE: RequestControl = RequestControl { no_store: true, ..NONE };
const ONLY_IF_CACHED: RequestControl = RequestControl { only_if_cached: true, ..NONE };

fn max_age(seconds: u32) -> RequestControl {
    RequestControl { max_age: Some(seconds), ..NONE }
}

fn min_fresh(seconds: u32) -> RequestControl {
    RequestControl { min_fresh: Some(seconds), ..NONE }
}

fn max_stale(seconds: u32) -> RequestControl {
    RequestControl { max_stale: Some(seconds), ..NONE }
}

/// RFC 9111 sections 5.2.1 and 5.4.
#[test]
fn the_directives_of_requests_are_read() {
    for (lines, expected) in [
        ("", NONE),
        ("cache-control:", NONE),
        ("cache-control: , ,", NONE),
        ("cache-control: nothing-to-see-here", NONE),
        ("cache-control: no-transform", NONE),
        ("cache-control: no-cache", NO_CACHE),
        ("cache-control: NO-cache", NO_CACHE),
        ("cache-control: no-cache=\"x\"", NO_CACHE),
        ("cache-control: no-store", NO_STORE),
        ("cache-control: only-if-cached", ONLY_IF_CACHED),
        ("cache-control: ONLY-if-cached", ONLY_IF_CACHED),
        ("cache-control: max-age=0", max_age(0)),
        ("cache-control: max-age=10", max_age(10)),
        ("cache-control: max-age=\"10\"", max_age(10)),
        ("cache-control: max-age=99999999999", max_age(u32::MAX)),
        ("cache-control: max-age=10, max-age=5", max_age(5)),
        ("cache-control: max-age=5\ncache-control: max-age=10", max_age(5)),
        ("cache-control: max-age", max_age(0)),
        ("cache-control: max-age=x", max_age(0)),
        ("cache-control: max-age=-1", max_age(0)),
        ("cache-control: max-age = 10", max_age(0)),
        ("cache-control: min-fresh=10", min_fresh(10)),
        ("cache-control: min-fresh=10, min-fresh=20", min_fresh(20)),
        ("cache-control: min-fresh=x", min_fresh(u32::MAX)),
        ("cache-control: min-fresh", min_fresh(u32::MAX)),
        ("cache-control: max-stale", max_stale(u32::MAX)),
        ("cache-control: max-stale=10", max_stale(10)),
        ("cache-control: max-stale=x", max_stale(0)),
        ("cache-control: max-stale=", max_stale(0)),
        ("cache-control: max-stale=20, max-stale=10", max_stale(10)),
        ("cache-control: max-stale, max-stale=10", max_stale(10)),
        ("cache-control: max-age=10, no-cache", RequestControl { no_cache: true, ..max_age(10) }),
        (
            "cache-control: max-age=10\ncache-control: no-cache",
            RequestControl { no_cache: true, ..max_age(10) },
        ),
        ("cache-control: x=\"no-cache, max-age=1\"", NONE),
        ("cache-control: x=\"y, no-cache", NO_CACHE),
        ("cache-control: no-store; max-age=0", RequestControl { no_store: true, ..max_age(0) }),
        ("cache-control: only-if-cached; x", NONE),
        ("pragma: no-cache", NO_CACHE),
        ("pragma: No-Cache", NO_CACHE),
        ("pragma: x, no-cache", NO_CACHE),
        ("pragma: x\npragma: no-cache", NO_CACHE),
        ("pragma: unrecognised-extension", NONE),
        ("pragma: no-cache=1", NONE),
        ("pragma: no-cache\ncache-control: max-age=10", max_age(10)),
        ("pragma: no-cache\ncache-control:", NONE),
    ] {
        assert_eq!(RequestControl::of(&fields(lines)), expected, "{lines}");
    }
}

#[test]
fn clients_are_obeyed_in_what_costs_the_service_nothing_unless_all_is_honoured() {
    let all =
        "cache-control: no-cache, no-store, only-if-cached, max-age=1, min-fresh=2, max-stale=3";
    let all = RequestControl::of(&fields(all));
    let kept = RequestControl { no_store: true, only_if_cached: true, ..NONE };
    assert_eq!(all.under(RequestDirectives::Ignore), kept);
    assert_eq!(all.under(RequestDirectives::Honour), all);
    assert_eq!(NONE.under(RequestDirectives::Ignore), NONE);
    assert_eq!(Rules::new().obeyed_directives(), RequestDirectives::Ignore);
}

#[test]
fn a_plain_request_has_no_field_that_a_cache_heeds() {
    let plain = "host: a\naccept: b\ncookie: c=d\nauthorization: e\nif: f\nprefer: g";
    assert!(is_plain(&fields(plain)));
    for name in [
        "cache-control",
        "pragma",
        "range",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
    ] {
        assert!(!is_plain(&fields(&format!("{plain}\n{name}:"))), "{name}");
    }
}
