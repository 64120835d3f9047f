use http::HeaderMap;
use proptest::{collection::vec, prelude::*};
use tower_weir::cache::rules::*;

use super::fields;

fn selection(name: &str, request: &HeaderMap) -> Selection {
    Selection::of(&Vary::of(&fields(&format!("vary: {name}"))), request).unwrap()
}

fn are_alike(name: &str, one: &HeaderMap, other: &HeaderMap) -> bool {
    selection(name, one).matches(other)
}

/// RFC 9111 section 4.1, RFC 9110 section 12.4.2 for weights.
#[test]
fn values_that_mean_the_same_are_alike() {
    for (name, one, other, expected) in [
        // Any field: lines, and white space around commas.
        ("foo", "foo: 1, 2", "foo: 1\nfoo: 2", true),
        ("foo", "foo: 1,2", "foo:  1, 2 ", true),
        ("foo", "foo: 1,2", "foo: 1\t ,\t2", true),
        ("foo", "foo: 1,2", "foo: 2,1", false),
        ("foo", "foo: 1 2", "foo: 1  2", false),
        ("foo", "foo: 1,2", "foo: 1,,2", false),
        ("foo", "foo: 1,2", "foo: 12", false),
        ("foo", "foo: \"1, 2\"", "foo: \"1,2\"", false),
        ("foo", "foo: \"1, 2\"", "foo:  \"1, 2\" ", true),
        ("foo", "foo: \"1, 2", "foo: \"1,2", false),
        ("foo", "foo: \"1, 2", "foo: \"1, 2", true),
        ("user-agent", "user-agent: A (b, c)", "user-agent: A (b,c)", true),
        ("user-agent", "user-agent: A", "user-agent: a", false),
        // Preferences: order, case, weights.
        ("accept-language", "accept-language: en, de", "accept-language: de, en", true),
        ("accept-language", "accept-language: en, de", "accept-language: eN, De", true),
        ("accept-language", "accept-language: en, de", "accept-language:  en , de", true),
        (
            "accept-language",
            "accept-language: en, de",
            "accept-language: de\naccept-language: en",
            true,
        ),
        ("accept-language", "accept-language: en, de", "accept-language: en, de, en", true),
        ("accept-language", "accept-language: en, de", "accept-language: en,, de,", true),
        ("accept-language", "accept-language: en, de", "accept-language: en", false),
        ("accept-language", "accept-language: en, de", "accept-language: en, de-AT", false),
        ("accept-language", "accept-language: en;q=0.5", "accept-language: en; q=0.50", true),
        ("accept-language", "accept-language: en;q=0.5", "accept-language: en ;Q=0.500", true),
        ("accept-language", "accept-language: en;q=0.5", "accept-language: en;q=0.501", false),
        ("accept-language", "accept-language: en;q=0.5", "accept-language: en", false),
        ("accept-language", "accept-language: en;q=1.000", "accept-language: en", true),
        ("accept-language", "accept-language: en;q=1.001", "accept-language: en", false),
        ("accept-language", "accept-language: en;q=0", "accept-language: en", false),
        ("accept-language", "accept-language: en;q=0", "accept-language: en;q=0.000", true),
        ("accept-language", "accept-language: en;q=x", "accept-language: en", false),
        ("accept-language", "accept-language: en;q=2", "accept-language: en", false),
        ("accept-language", "accept-language: en;q=1.5", "accept-language: en;q=1.50", false),
        ("accept-language", "accept-language: en;q=0.5", "accept-language: de;q=0.5", false),
        ("accept-language", "accept-language:", "accept-language: *", false),
        ("accept-encoding", "accept-encoding: gzip, br", "accept-encoding: BR,gzip", true),
        ("accept-encoding", "accept-encoding: gzip;q=1.0, br", "accept-encoding: br, gzip", true),
        ("accept-encoding", "accept-encoding: gzip;q=0, br", "accept-encoding: br, gzip", false),
        ("accept-encoding", "accept-encoding: gzip", "accept-encoding: gzip, br", false),
        ("accept-encoding", "accept-encoding:", "", false),
        ("accept-encoding", "accept-encoding: gzip", "", false),
        ("accept-charset", "accept-charset: UTF-8, x", "accept-charset: x, utf-8", true),
        ("accept", "accept: text/html, a/b", "accept: A/B,Text/HTML", true),
        ("accept", "accept: text/html;level=1", "accept: text/html ; level=1", true),
        ("accept", "accept: text/html;level=1", "accept: text/html;level=2", false),
        ("accept", "accept: text/html;level=a", "accept: text/html;level=A", false),
        ("accept", "accept: a/b;q=0.5;x=1", "accept: a/b;q=0.50;x=1", true),
        ("accept", "accept: a/b;x=\"1, 2\"", "accept: a/b;x=\"1,2\"", false),
        // Cookies are no list.
        ("cookie", "cookie: a=b; c=d", "cookie: a=b\ncookie: c=d", true),
        ("cookie", "cookie: a=b, c", "cookie: a=b,c", false),
        ("cookie", "cookie: a=b; c=d", "cookie: c=d; a=b", false),
    ] {
        let (one, other) = (&fields(one), &fields(other));
        assert_eq!(are_alike(name, one, other), expected, "{name}: {one:?} and {other:?}");
        assert_eq!(are_alike(name, other, one), expected, "{name}: {other:?} and {one:?}");
    }
}

/// Values that collide often.
fn request() -> impl Strategy<Value = HeaderMap> {
    let value =
        prop_oneof!["(gzip|GZIP|br|\"|,|;q=1|;q=0\\.5|; q=0\\.50| |\\\\){0,5}", "[ -~\\t]{0,8}",];
    vec(value, 0..3).prop_map(|values| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(http::header::ACCEPT_ENCODING, value.parse().unwrap());
            headers.append("foo", value.parse().unwrap());
            headers.append(http::header::ACCEPT, value.parse().unwrap());
        }
        headers
    })
}

proptest! {
    #[test]
    fn to_be_alike_is_an_equivalence(a in request(), b in request(), c in request()) {
        for name in ["accept-encoding", "foo", "accept", "accept, foo"] {
            let alike = |one, other| are_alike(name, one, other);
            prop_assert!(alike(&a, &a));
            prop_assert_eq!(alike(&a, &b), alike(&b, &a));
            prop_assert!(!alike(&a, &b) || !alike(&b, &c) || alike(&a, &c));
            prop_assert_eq!(alike(&a, &b), selection(name, &a) == selection(name, &b));
            let keys = (selection(name, &a).key(), selection(name, &b).key());
            prop_assert_eq!(alike(&a, &b), keys.0 == keys.1);
        }
    }

    #[test]
    fn a_normal_form_is_its_own(request in request()) {
        // Put into a request of its own, the stored value is matched.
        let once = selection("accept-encoding", &request);
        prop_assert!(once.matches(&request));
    }
}
