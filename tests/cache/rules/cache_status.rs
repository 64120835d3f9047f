use http::StatusCode;
use proptest::prelude::*;
use sfv::{BareItem, List, ListEntry, Parser};
use tower_weir::cache::rules::*;

/// RFC 9211 section 2.
#[test]
fn cache_status_says_what_became_of_a_request() {
    let name = CacheName::default();
    let forward = CacheStatus::forward;
    for (status, expected) in [
        (CacheStatus::hit(), "weir; hit"),
        (CacheStatus::neither().detail("only-if-cached"), "weir; detail=only-if-cached"),
        (CacheStatus::hit().ttl(30), "weir; hit; ttl=30"),
        (CacheStatus::hit().ttl(-412), "weir; hit; ttl=-412"),
        (CacheStatus::hit().ttl(i64::MIN), "weir; hit; ttl=-999999999999999"),
        (CacheStatus::hit().ttl(i64::MAX), "weir; hit; ttl=999999999999999"),
        (forward(Forward::Bypass), "weir; fwd=bypass"),
        (forward(Forward::Method), "weir; fwd=method"),
        (forward(Forward::UriMiss), "weir; fwd=uri-miss"),
        (forward(Forward::VaryMiss), "weir; fwd=vary-miss"),
        (forward(Forward::Miss), "weir; fwd=miss"),
        (forward(Forward::Request), "weir; fwd=request"),
        (forward(Forward::Stale), "weir; fwd=stale"),
        (forward(Forward::Partial), "weir; fwd=partial"),
        (
            forward(Forward::Stale).forward_status(StatusCode::NOT_MODIFIED).ttl(60).stored(),
            "weir; fwd=stale; fwd-status=304; ttl=60; stored",
        ),
        (forward(Forward::UriMiss).collapsed(), "weir; fwd=uri-miss; collapsed"),
        (forward(Forward::UriMiss).stored().collapsed(), "weir; fwd=uri-miss; stored; collapsed"),
        (forward(Forward::UriMiss).detail("no-store"), "weir; fwd=uri-miss; detail=no-store"),
        (
            forward(Forward::UriMiss).detail("a \"b\" \\"),
            "weir; fwd=uri-miss; detail=\"a \\\"b\\\" \\\\\"",
        ),
        (forward(Forward::UriMiss).detail("1st"), "weir; fwd=uri-miss; detail=\"1st\""),
        (forward(Forward::UriMiss).detail(""), "weir; fwd=uri-miss; detail=\"\""),
    ] {
        assert_eq!(status.value(&name), expected);
    }
    assert_eq!(CacheStatus::FIELD, "cache-status");
}

#[test]
fn a_cache_may_have_any_name_that_can_be_written() {
    for (name, expected) in [
        ("ExampleCache", "ExampleCache; hit"),
        ("cache.example.com:80", "cache.example.com:80; hit"),
        ("eu west", "\"eu west\"; hit"),
        ("\"x\"", "\"\\\"x\\\"\"; hit"),
    ] {
        assert_eq!(CacheStatus::hit().value(&CacheName::new(name).unwrap()), expected);
    }
    for name in ["", "\u{fc}", "a\n", "a\tb"] {
        assert_eq!(CacheName::new(name).unwrap_err().field(), "cache name", "{name:?}");
    }
}

proptest! {
    #[test]
    fn every_value_is_a_list_of_one_member(
        name in "[ -~]{1,200}",
        ttl: i64,
        detail in "[\\x00-\\x7f\u{fc}]{0,200}",
    ) {
        // Details are words of the program: a test may leak some.
        let detail: &'static str = Box::leak(detail.into_boxed_str());
        let cache = CacheName::new(&name).unwrap();
        let value = CacheStatus::hit().ttl(ttl).stored().detail(detail).value(&cache);
        let list: List = Parser::new(value.as_bytes()).parse().unwrap();
        let [ListEntry::Item(item)] = &list[..] else { panic!("{value:?}") };
        let found = match &item.bare_item {
            BareItem::Token(token) => token.as_str(),
            BareItem::String(text) => text.as_str(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, name);
        prop_assert_eq!(item.params.get("hit"), Some(&BareItem::Boolean(true)));
        prop_assert_eq!(item.params.get("stored"), Some(&BareItem::Boolean(true)));
        prop_assert!(item.params.contains_key("detail"));
    }
}
