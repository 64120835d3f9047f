use http::HeaderName;
use tower_weir::cache::rules::*;

use super::fields;

fn control(lines: &str) -> ResponseControl {
    ResponseControl::of(&fields(lines), &[])
}

/// One that says one thing.
fn only(say: impl FnOnce(&mut ResponseControl)) -> ResponseControl {
    let mut control = ResponseControl::default();
    say(&mut control);
    control
}

/// RFC 9111 section 5.2.2, RFC 5861, RFC 8246.
#[test]
fn the_directives_of_responses_are_read() {
    for (value, expected) in [
        ("", ResponseControl::default()),
        (", ,,", ResponseControl::default()),
        ("x, y=z, w=\"v\"", ResponseControl::default()),
        ("no-store", only(|c| c.no_store = true)),
        ("no-cache", only(|c| c.no_cache = true)),
        ("private", only(|c| c.private = true)),
        ("public", only(|c| c.public = true)),
        ("must-understand", only(|c| c.must_understand = true)),
        ("must-revalidate", only(|c| c.must_revalidate = true)),
        ("proxy-revalidate", only(|c| c.proxy_revalidate = true)),
        ("no-transform", only(|c| c.no_transform = true)),
        ("immutable", only(|c| c.immutable = true)),
        ("max-age=1", only(|c| c.max_age = Some(1))),
        ("s-maxage=1", only(|c| c.s_maxage = Some(1))),
        ("stale-while-revalidate=1", only(|c| c.stale_while_revalidate = Some(1))),
        ("stale-if-error=1", only(|c| c.stale_if_error = Some(1))),
        (
            "stale-while-revalidate=1, stale-while-revalidate=0",
            only(|c| c.stale_while_revalidate = Some(0)),
        ),
        ("stale-if-error=x", only(|c| c.stale_if_error = Some(0))),
        ("stale-if-error", only(|c| c.stale_if_error = Some(0))),
    ] {
        assert_eq!(control(&format!("cache-control: {value}")), expected, "{value}");
        let shouted = value.to_ascii_uppercase();
        assert_eq!(control(&format!("cache-control: {shouted}")), expected, "{shouted}");
        let amid = format!("cache-control: x=\"a,b\" ,\t{value}\ncache-control: y");
        assert_eq!(control(&amid), expected, "{amid}");
    }
}

#[test]
fn directives_on_several_lines_are_one_list() {
    let found = control("cache-control: max-age=10\ncache-control: public, no-cache=\"a\"");
    let expected = only(|c| {
        c.max_age = Some(10);
        c.public = true;
        c.no_cache_fields = vec![HeaderName::from_static("a")];
    });
    assert_eq!(found, expected);
}

/// RFC 9111 sections 5.2.2.4 and 5.2.2.7.
#[test]
fn no_cache_and_private_may_be_about_some_fields_only() {
    for (argument, expected) in [
        ("\"a\"", &["a"][..]),
        ("\"A\"", &["a"]),
        ("\"a, b\"", &["a", "b"]),
        ("\" a ,, b \"", &["a", "b"]),
        ("a", &["a"]),
        // About all, as what they are about cannot be told.
        ("\"\"", &[]),
        ("\" , \"", &[]),
        ("\"a b\"", &[]),
        ("\"a, b c\"", &[]),
        ("\"a, \u{fc}\"", &[]),
        ("\"a\\\"\"", &[]),
        ("\"a", &[]),
        ("", &[]),
        (" \"a\"", &[]),
    ] {
        let names: Vec<_> = expected.iter().copied().map(HeaderName::from_static).collect();
        let found = control(&format!("cache-control: no-cache={argument}"));
        assert_eq!(
            (found.no_cache, found.no_cache_fields),
            (names.is_empty(), names.clone()),
            "{argument}"
        );
        let found = control(&format!("cache-control: private={argument}"));
        assert_eq!((found.private, found.private_fields), (names.is_empty(), names), "{argument}");
    }
}

#[test]
fn a_directive_for_all_and_one_for_some_fields_are_both_kept() {
    for value in ["no-cache, no-cache=\"a\"", "no-cache=\"a\", no-cache"] {
        let found = control(&format!("cache-control: {value}"));
        assert!(found.no_cache, "{value}");
        assert!(found.withholds(&HeaderName::from_static("a")), "{value}");
    }
}

#[test]
fn what_is_not_written_well_forbids_what_it_names_and_grants_nothing() {
    for (value, expected) in [
        ("no-store=1", only(|c| c.no_store = true)),
        ("no-store=\"", only(|c| c.no_store = true)),
        ("no store", ResponseControl::default()),
        ("no-store max-age=60", only(|c| (c.no_store, c.max_age) = (true, Some(0)))),
        ("private;max-age=60", only(|c| (c.private, c.max_age) = (true, Some(0)))),
        ("public; max-age=60", only(|c| c.max_age = Some(0))),
        ("public;", ResponseControl::default()),
        ("public=1", ResponseControl::default()),
        ("immutable=1", ResponseControl::default()),
        ("must-understand=1", ResponseControl::default()),
        ("must-revalidate=1", only(|c| c.must_revalidate = true)),
        ("proxy-revalidate;", only(|c| c.proxy_revalidate = true)),
        ("=no-cache", only(|c| c.no_cache = true)),
        ("\"no-store\"", only(|c| c.no_store = true)),
        ("x=\"public, no-cache", only(|c| c.no_cache = true)),
        ("x=\"no-cache\\\"", only(|c| c.no_cache = true)),
        ("x=\"max-age=60", only(|c| c.max_age = Some(0))),
        ("x=y\"no-store", only(|c| c.no_store = true)),
        ("x=\"\\\", no-store\", no-cache", only(|c| c.no_cache = true)),
        ("\u{fc}, no-store", only(|c| c.no_store = true)),
        ("no-store-at-all", ResponseControl::default()),
        ("stale-while-revalidate=60s", only(|c| c.stale_while_revalidate = Some(0))),
    ] {
        assert_eq!(control(&format!("cache-control: {value}")), expected, "{value}");
    }
}

/// RFC 9111 section 5.4 leaves it open for responses.
#[test]
fn pragma_counts_in_a_response_that_has_no_cache_control() {
    for (lines, expected) in [
        ("pragma: no-cache", true),
        ("pragma: no-cache\nexpires: @60", true),
        ("pragma: no-cache\ncache-control: max-age=60", false),
        ("pragma: x", false),
    ] {
        assert_eq!(control(lines).no_cache, expected, "{lines}");
    }
}
