use std::time::Duration;

use tower_weir::cache::rules::*;

use super::{freshness_under, secs};

/// RFC 9111 section 4.2.2.
#[test]
fn a_heuristic_lifetime_is_a_part_of_the_time_since_the_last_change() {
    let tenth = Heuristic::new();
    let day = 86_400;
    for (heuristic, lines, expected) in [
        (tenth, "date: @0\nlast-modified: @-1000", 100),
        (tenth, "last-modified: @-1000", 100),
        (tenth, "date: @-100\nlast-modified: @-1000", 90),
        (tenth, "date: @0\nlast-modified: @-5", 0),
        (tenth, "date: @0\nlast-modified: @-86400", 8_640),
        (tenth, "date: @0\nlast-modified: @-864000", day),
        (tenth, "date: @0\nlast-modified: @-86400000", day),
        (tenth, "date: @0\nlast-modified: @0", 0),
        (tenth, "date: @0\nlast-modified: @60", 0),
        (tenth.max(secs(60)), "date: @0\nlast-modified: @-86400", 60),
        (tenth.percent(50), "date: @0\nlast-modified: @-1000", 500),
        (tenth.percent(100), "date: @0\nlast-modified: @-1000", 1_000),
        (tenth.percent(0), "date: @0\nlast-modified: @-1000", 0),
    ] {
        let found = freshness_under(&Rules::new().heuristic(heuristic), 200, lines);
        assert_eq!(found.lifetime(), secs(expected), "{heuristic:?} {lines}");
        assert_eq!(found.source(), Lifetime::Heuristic);
    }
}

#[test]
fn it_is_for_what_tells_its_last_change_and_no_lifetime() {
    let rules = Rules::new().heuristic(Heuristic::new());
    for (lines, expected) in [
        ("", Lifetime::Unknown),
        ("last-modified: yesterday", Lifetime::Unknown),
        ("last-modified: @-60\nlast-modified: @-60", Lifetime::Unknown),
        ("last-modified: @-60\ncache-control: max-age=0", Lifetime::Explicit),
        ("last-modified: @-60\ncache-control: max-age=x", Lifetime::Explicit),
        ("last-modified: @-60\ncdn-cache-control: s-maxage=1", Lifetime::Explicit),
        ("last-modified: @-60\nexpires: 0", Lifetime::Explicit),
        ("last-modified: @-60\ncache-control: must-revalidate", Lifetime::Heuristic),
    ] {
        assert_eq!(freshness_under(&rules, 200, lines).source(), expected, "{lines}");
    }
    let without = freshness_under(&Rules::new(), 200, "last-modified: @-86400");
    assert_eq!((without.source(), without.lifetime()), (Lifetime::Unknown, Duration::ZERO));
}

#[test]
fn it_comes_before_the_default_ttl() {
    let rules = Rules::new().heuristic(Heuristic::new()).default_ttl(secs(7));
    for (lines, expected) in [
        ("last-modified: @-1000", (100, Lifetime::Heuristic)),
        ("last-modified: @1000", (0, Lifetime::Heuristic)),
        ("", (7, Lifetime::Default)),
        ("last-modified: soon", (7, Lifetime::Default)),
    ] {
        let found = freshness_under(&rules, 200, lines);
        assert_eq!((found.lifetime().as_secs(), found.source()), expected, "{lines}");
    }
}

#[test]
#[should_panic(expected = "at most 100 percent")]
fn it_is_never_longer_than_that_time() {
    let _ = Heuristic::new().percent(101);
}
