use http::{HeaderName, Method};
use tower_weir::cache::rules::*;

use super::{fields, freshness, stored};

const CDN: HeaderName = HeaderName::from_static("cdn-cache-control");
const OURS: HeaderName = HeaderName::from_static("weir-cache-control");

fn max_age(seconds: u32) -> Option<ResponseControl> {
    Some(ResponseControl { max_age: Some(seconds), targeted: true, ..Default::default() })
}

/// What a targeted field says alone; `None` if it is ignored.
fn targeted(lines: &str) -> Option<ResponseControl> {
    let control = ResponseControl::of(&fields(lines), &[CDN]);
    control.targeted.then_some(control)
}

/// RFC 9213 section 2.1, RFC 8941 section 4.2.2.
#[test]
fn a_targeted_field_is_a_dictionary_or_ignored() {
    let with = |say: fn(&mut ResponseControl)| {
        let mut control = ResponseControl { targeted: true, ..Default::default() };
        say(&mut control);
        Some(control)
    };
    for (value, expected) in [
        ("max-age=60", max_age(60)),
        (" max-age=60 ", max_age(60)),
        ("max-age=60;x=y", max_age(60)),
        ("foobar, max-age=60", max_age(60)),
        ("foobar=(1 2 \"x\");y, max-age=60", max_age(60)),
        ("max-age=2147483648", max_age(2_147_483_648)),
        ("max-age=99999999999", max_age(u32::MAX)),
        ("max-age=-5", max_age(0)),
        // In a dictionary the last of a key counts.
        ("max-age=60, max-age=5", max_age(5)),
        ("max-age=5, max-age=60", max_age(60)),
        ("x", with(|_| {})),
        ("no-store", with(|c| c.no_store = true)),
        ("no-store=?1", with(|c| c.no_store = true)),
        ("no-store=?0", with(|_| {})),
        ("private", with(|c| c.private = true)),
        ("private=\"a\"", with(|c| c.private_fields = vec![HeaderName::from_static("a")])),
        ("no-cache", with(|c| c.no_cache = true)),
        ("no-cache=\"\"", with(|c| c.no_cache = true)),
        ("public", with(|c| c.public = true)),
        ("immutable", with(|c| c.immutable = true)),
        ("must-revalidate", with(|c| c.must_revalidate = true)),
        ("proxy-revalidate", with(|c| c.proxy_revalidate = true)),
        ("must-understand", with(|c| c.must_understand = true)),
        ("no-transform", with(|c| c.no_transform = true)),
        ("s-maxage=5", with(|c| c.s_maxage = Some(5))),
        ("stale-if-error=5", with(|c| c.stale_if_error = Some(5))),
        ("stale-while-revalidate=5", with(|c| c.stale_while_revalidate = Some(5))),
        ("", None),
        ("   ", None),
        (",", None),
        ("max-age=60,", None),
        ("max-age=10000, &&&&&", None),
        ("max-age=\"10000\"", None),
        ("max-age=60.0", None),
        ("max-age", None),
        ("max-age=abc", None),
        ("max-age=(60)", None),
        ("max-age=1234567890123456", None),
        ("max-age =60", None),
        ("max-age= 60", None),
        ("MaX-aGe=60", None),
        ("no-store=1", None),
        ("private=token", None),
        ("public=\"x\"", None),
        ("x=\"open", None),
    ] {
        assert_eq!(targeted(&format!("cdn-cache-control: {value}")), expected, "{value}");
    }
}

#[test]
fn lines_of_a_targeted_field_are_one_dictionary() {
    for (lines, expected) in [
        ("cdn-cache-control: x\ncdn-cache-control: max-age=60", max_age(60)),
        ("cdn-cache-control: max-age=60\ncdn-cache-control: &", None),
        ("cdn-cache-control: x=\"a\ncdn-cache-control: b\", max-age=60", max_age(60)),
    ] {
        assert_eq!(targeted(lines), expected, "{lines}");
    }
}

/// RFC 9213 section 2.2.
#[test]
fn the_first_targeted_field_that_is_valid_and_not_empty_counts_instead_of_all_others() {
    for (lines, expected) in [
        ("cache-control: max-age=1", Some(1)),
        ("cache-control: max-age=1\ncdn-cache-control: max-age=2", Some(2)),
        (
            "cache-control: max-age=1\ncdn-cache-control: max-age=2\nweir-cache-control: max-age=3",
            Some(3),
        ),
        ("cache-control: max-age=1\ncdn-cache-control: max-age=2\nweir-cache-control: &", Some(2)),
        ("cache-control: max-age=1\ncdn-cache-control: max-age=2\nweir-cache-control:", Some(2)),
        ("cache-control: max-age=1\ncdn-cache-control: &\nweir-cache-control: &", Some(1)),
        ("cache-control: max-age=1\ncdn-cache-control: public", None),
        ("cache-control: max-age=1\nsurrogate-control: max-age=2", Some(1)),
    ] {
        let control = ResponseControl::of(&fields(lines), &[OURS, CDN]);
        assert_eq!(control.max_age, expected, "{lines}");
    }
}

#[test]
fn neither_cache_control_nor_expires_nor_pragma_counts_beside_it() {
    const OK: Result<(), Refusal> = Ok(());
    for (lines, lifetime, expected) in [
        ("cdn-cache-control: max-age=60\ncache-control: no-store", 60, OK),
        ("cdn-cache-control: max-age=60\ncache-control: private", 60, OK),
        ("cdn-cache-control: max-age=60\nexpires: @-60", 60, OK),
        ("cdn-cache-control: max-age=60\nexpires: 0", 60, OK),
        ("cdn-cache-control: max-age=60\npragma: no-cache", 60, OK),
        ("cdn-cache-control: max-age=1\ncache-control: max-age=60", 1, OK),
        ("cdn-cache-control: max-age=60\ncache-control: max-age=1", 60, OK),
        ("cdn-cache-control: max-age=0\nexpires: @60", 0, Err(Refusal::NoFreshness)),
        ("cdn-cache-control: public\nexpires: @60", 0, Err(Refusal::NoFreshness)),
        ("cdn-cache-control: no-store\ncache-control: max-age=60", 0, Err(Refusal::NoStore)),
        ("cdn-cache-control: private\ncache-control: max-age=60", 0, Err(Refusal::Private)),
        ("cdn-cache-control: no-cache\ncache-control: max-age=60", 0, Err(Refusal::NoFreshness)),
        ("cdn-cache-control: &\ncache-control: no-store", 0, Err(Refusal::NoStore)),
        ("cdn-cache-control: max-age=\"60\"\ncache-control: no-store", 0, Err(Refusal::NoStore)),
        ("cdn-cache-control: &\nexpires: @60", 60, OK),
    ] {
        assert_eq!(freshness(lines).lifetime().as_secs(), lifetime, "{lines}");
        assert_eq!(stored("", lines), expected, "{lines}");
    }
}

#[test]
fn which_fields_are_targeted_is_a_setting() {
    let none = Rules::new().targeted([]);
    let ours = Rules::new().targeted([OURS, CDN]);
    let response = "cdn-cache-control: no-store\ncache-control: max-age=60";
    let stored = |rules: &Rules| super::stored_under(rules, &Method::GET, "", 200, response);
    assert_eq!(stored(&none), Ok(()));
    assert_eq!(stored(&ours), Err(Refusal::NoStore));
    assert_eq!(Rules::new().targeted_fields(), [CDN]);
}
