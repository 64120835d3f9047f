use std::time::Duration;

use tower_weir::cache::rules::*;

use super::{fields, freshness, freshness_under, secs};

const REVALIDATE: Reuse = Reuse::Revalidate { if_error: false };
const OR_STALE: Reuse = Reuse::Revalidate { if_error: true };

/// What becomes of a response to a request, so many seconds after it came.
fn reuse(response: &str, resident: u64, request: &str, grace: Grace) -> Reuse {
    let control = RequestControl::of(&fields(request));
    freshness(response).reuse(secs(resident), &control, grace)
}

/// RFC 9111 sections 4 and 4.2.4, RFC 5861.
#[test]
fn what_is_stale_is_used_only_as_the_response_allows() {
    for (section, response, resident, expected) in [
        ("4.2", "max-age=10", 0, Reuse::Fresh),
        ("4.2", "max-age=10", 9, Reuse::Fresh),
        ("4.2", "max-age=10", 10, REVALIDATE),
        ("4.2", "max-age=0", 0, REVALIDATE),
        ("4.2.4", "max-age=10", 11, REVALIDATE),
        ("5.2.2.4", "max-age=10, no-cache", 0, REVALIDATE),
        ("5.2.2.4", "max-age=10, no-cache, stale-while-revalidate=60", 0, REVALIDATE),
        ("5.2.2.4", "max-age=10, no-cache, stale-if-error=60", 20, REVALIDATE),
        ("5.2.2.4: some fields", "max-age=10, no-cache=\"a\"", 0, Reuse::Fresh),
        ("5861 3", "max-age=10, stale-while-revalidate=5", 9, Reuse::Fresh),
        ("5861 3", "max-age=10, stale-while-revalidate=5", 10, Reuse::StaleWhileRevalidate),
        ("5861 3", "max-age=10, stale-while-revalidate=5", 14, Reuse::StaleWhileRevalidate),
        ("5861 3", "max-age=10, stale-while-revalidate=5", 15, REVALIDATE),
        ("5861 3", "max-age=0, stale-while-revalidate=5", 4, Reuse::StaleWhileRevalidate),
        ("5861 4", "max-age=10, stale-if-error=5", 9, Reuse::Fresh),
        ("5861 4", "max-age=10, stale-if-error=5", 10, OR_STALE),
        ("5861 4", "max-age=10, stale-if-error=5", 14, OR_STALE),
        ("5861 4", "max-age=10, stale-if-error=5", 15, REVALIDATE),
        (
            "both",
            "max-age=10, stale-while-revalidate=5, stale-if-error=9",
            14,
            Reuse::StaleWhileRevalidate,
        ),
        ("both", "max-age=10, stale-while-revalidate=5, stale-if-error=9", 16, OR_STALE),
        ("5.2.2.2", "max-age=10, must-revalidate", 9, Reuse::Fresh),
        ("5.2.2.2", "max-age=10, must-revalidate", 10, REVALIDATE),
        ("5.2.2.2", "max-age=10, must-revalidate, stale-while-revalidate=5", 10, REVALIDATE),
        ("5.2.2.2", "max-age=10, must-revalidate, stale-if-error=5", 10, REVALIDATE),
        ("5.2.2.8", "max-age=10, proxy-revalidate, stale-while-revalidate=5", 10, REVALIDATE),
        ("5.2.2.8", "max-age=10, proxy-revalidate, stale-if-error=5", 10, REVALIDATE),
        ("5.2.2.10", "s-maxage=10", 10, REVALIDATE),
        (
            "granted beside s-maxage",
            "s-maxage=10, stale-while-revalidate=5",
            10,
            Reuse::StaleWhileRevalidate,
        ),
        ("granted beside s-maxage", "s-maxage=10, stale-if-error=5", 10, OR_STALE),
        ("not well written", "max-age=10, stale-while-revalidate=5s", 10, REVALIDATE),
        (
            "the shorter",
            "max-age=10, stale-while-revalidate=9, stale-while-revalidate=2",
            13,
            REVALIDATE,
        ),
        ("8246: stale all the same", "max-age=10, immutable", 10, REVALIDATE),
    ] {
        let response = format!("cache-control: {response}");
        let found = reuse(&response, resident, "", Grace::NONE);
        assert_eq!(found, expected, "{section}: {response} after {resident} s");
    }
}

#[test]
fn an_age_that_is_not_known_is_beyond_every_window() {
    let response =
        "cache-control: max-age=10, stale-while-revalidate=60, stale-if-error=60\nage: x";
    assert_eq!(reuse(response, 0, "", Grace::both(secs(1_000))), REVALIDATE);
    let forever = "cache-control: max-age=99999999999, stale-if-error=99999999999\nage: x";
    assert_eq!(reuse(forever, 0, "", Grace::NONE), REVALIDATE);
}

#[test]
fn grace_is_for_what_says_nothing_of_staleness_and_was_fresh_once() {
    let grace = Grace { while_revalidating: secs(5), if_error: secs(20) };
    for (response, resident, expected) in [
        ("cache-control: max-age=10", 9, Reuse::Fresh),
        ("cache-control: max-age=10", 10, Reuse::StaleWhileRevalidate),
        ("cache-control: max-age=10", 14, Reuse::StaleWhileRevalidate),
        ("cache-control: max-age=10", 15, OR_STALE),
        ("cache-control: max-age=10", 29, OR_STALE),
        ("cache-control: max-age=10", 30, REVALIDATE),
        ("expires: @10", 12, Reuse::StaleWhileRevalidate),
        // What the response says counts.
        ("cache-control: max-age=10, stale-while-revalidate=2", 13, OR_STALE),
        ("cache-control: max-age=10, stale-while-revalidate=0, stale-if-error=0", 10, REVALIDATE),
        ("cache-control: max-age=10, stale-while-revalidate=x, stale-if-error=x", 10, REVALIDATE),
        ("cache-control: max-age=10, stale-while-revalidate=60", 60, Reuse::StaleWhileRevalidate),
        ("cache-control: max-age=10, must-revalidate", 10, REVALIDATE),
        ("cache-control: max-age=10, proxy-revalidate", 10, REVALIDATE),
        ("cache-control: s-maxage=10", 10, REVALIDATE),
        ("cache-control: max-age=10, no-cache", 10, REVALIDATE),
        ("cache-control: max-age=0", 0, REVALIDATE),
        ("cache-control: max-age=x", 0, REVALIDATE),
        ("expires: 0", 0, REVALIDATE),
        ("pragma: no-cache\nexpires: @10", 0, REVALIDATE),
    ] {
        assert_eq!(reuse(response, resident, "", grace), expected, "{response} after {resident} s");
    }
    let by_default = freshness_under(&Rules::new().default_ttl(secs(10)), 200, "");
    let found = by_default.reuse(secs(12), &RequestControl::NONE, grace);
    assert_eq!(found, Reuse::StaleWhileRevalidate);
}

/// RFC 9111 section 5.2.1, RFC 8246 section 2.
#[test]
fn a_client_that_is_obeyed_gets_what_it_asks_for() {
    for (section, response, resident, request, expected) in [
        ("5.2.1.4", "max-age=10", 5, "no-cache", REVALIDATE),
        ("5.2.1.4", "max-age=10, stale-if-error=60", 15, "no-cache", REVALIDATE),
        ("8246", "max-age=10, immutable", 5, "no-cache", REVALIDATE),
        ("8246", "max-age=10, immutable", 5, "max-age=0", Reuse::Fresh),
        ("8246", "max-age=10, immutable", 5, "min-fresh=60", Reuse::Fresh),
        ("8246", "max-age=10, immutable", 15, "max-age=0", REVALIDATE),
        ("5.2.1.1", "max-age=10", 0, "max-age=0", REVALIDATE),
        ("5.2.1.1", "max-age=10", 5, "max-age=4", REVALIDATE),
        ("5.2.1.1", "max-age=10", 5, "max-age=5", Reuse::Fresh),
        ("5.2.1.1", "max-age=10", 5, "max-age=60", Reuse::Fresh),
        ("5.2.1.1", "max-age=10", 5, "max-age=x", REVALIDATE),
        ("5.2.1.1", "max-age=10, stale-while-revalidate=60", 15, "max-age=60", REVALIDATE),
        ("5.2.1.1", "max-age=10, stale-if-error=60", 15, "max-age=60", REVALIDATE),
        ("5.2.1.3", "max-age=10", 5, "min-fresh=5", Reuse::Fresh),
        ("5.2.1.3", "max-age=10", 5, "min-fresh=6", REVALIDATE),
        ("5.2.1.3", "max-age=10", 5, "min-fresh=x", REVALIDATE),
        ("5.2.1.3", "max-age=10, stale-while-revalidate=60", 15, "min-fresh=0", REVALIDATE),
        ("5.2.1.2", "max-age=10", 15, "max-stale", Reuse::Stale),
        ("5.2.1.2", "max-age=10", 15, "max-stale=5", Reuse::Stale),
        ("5.2.1.2", "max-age=10", 15, "max-stale=4", REVALIDATE),
        ("5.2.1.2", "max-age=10", 15, "max-stale=x", REVALIDATE),
        ("5.2.1.2", "max-age=10", 5, "max-stale", Reuse::Fresh),
        ("5.2.1.2", "max-age=10, must-revalidate", 15, "max-stale", REVALIDATE),
        ("5.2.1.2", "max-age=10, proxy-revalidate", 15, "max-stale", REVALIDATE),
        ("5.2.1.2", "s-maxage=10", 15, "max-stale", REVALIDATE),
        ("5.2.1.2", "max-age=10, no-cache", 5, "max-stale", REVALIDATE),
        (
            "5.2.1.2",
            "max-age=10, stale-while-revalidate=60",
            15,
            "max-stale=1",
            Reuse::StaleWhileRevalidate,
        ),
        ("together", "max-age=10", 15, "max-stale, max-age=20", Reuse::Stale),
        ("together", "max-age=10", 15, "max-stale, max-age=12", REVALIDATE),
        ("together", "max-age=10", 15, "max-stale, min-fresh=0", REVALIDATE),
        ("together", "max-age=10", 5, "max-stale, no-cache", REVALIDATE),
        ("nothing to say here", "max-age=10", 5, "no-store, only-if-cached", Reuse::Fresh),
    ] {
        let (response, request) =
            (format!("cache-control: {response}"), format!("cache-control: {request}"));
        let found = reuse(&response, resident, &request, Grace::NONE);
        assert_eq!(found, expected, "{section}: {request} for {response} after {resident} s");
    }
}

#[test]
fn it_can_be_told_how_long_a_response_is_of_use() {
    let grace = Grace { while_revalidating: secs(5), if_error: secs(20) };
    for (response, expected) in [
        ("cache-control: max-age=10", 30),
        ("cache-control: max-age=10\nage: 4", 26),
        ("cache-control: max-age=10\nage: 40", 0),
        ("cache-control: max-age=10, must-revalidate, stale-if-error=60", 10),
        ("cache-control: s-maxage=10", 10),
        ("cache-control: s-maxage=10, stale-if-error=60", 70),
        ("cache-control: max-age=10, stale-if-error=0", 15),
        ("cache-control: max-age=0", 0),
    ] {
        let freshness = freshness(response);
        assert_eq!(freshness.useful_for(grace), secs(expected), "{response}");
        let after = freshness.useful_for(grace) + Duration::from_millis(1);
        let found = freshness.reuse(after, &RequestControl::NONE, grace);
        assert_eq!(found, REVALIDATE, "{response}");
    }
}
