use tower_weir::cache::rules::*;

use super::fields;

fn vary(lines: &str) -> Vary {
    Vary::of(&fields(lines))
}

fn names(names: &[&'static str]) -> Vary {
    Vary::Fields(names.iter().copied().map(http::HeaderName::from_static).collect())
}

/// RFC 9110 section 12.5.5.
#[test]
fn vary_is_a_list_of_names_or_anything_at_all() {
    for (lines, expected) in [
        ("", Vary::Nothing),
        ("vary:", Vary::Nothing),
        ("vary: , ,", Vary::Nothing),
        ("vary: foo", names(&["foo"])),
        ("vary: Foo", names(&["foo"])),
        ("vary: foo, bar", names(&["bar", "foo"])),
        ("vary: bar,foo", names(&["bar", "foo"])),
        ("vary: foo\nvary: bar", names(&["bar", "foo"])),
        ("vary: foo, Foo, FOO", names(&["foo"])),
        ("vary: ,foo,,", names(&["foo"])),
        ("vary: *", Vary::Any),
        ("vary: *, *", Vary::Any),
        ("vary: *\nvary: *", Vary::Any),
        ("vary: , *", Vary::Any),
        ("vary:\nvary: *", Vary::Any),
        ("vary: *, foo", Vary::Any),
        ("vary: foo, *", Vary::Any),
        ("vary: foo\nvary: *", Vary::Any),
        ("vary: foo bar", Vary::Any),
        ("vary: foo; bar", Vary::Any),
        ("vary: \"foo\"", Vary::Any),
        ("vary: foo:", Vary::Any),
        ("vary: f\u{fc}", Vary::Any),
    ] {
        assert_eq!(vary(lines), expected, "{lines}");
    }
}

/// RFC 9111 section 4.1.
#[test]
fn a_stored_response_answers_requests_that_are_like_its_own() {
    for (vary_by, stored, request, expected) in [
        ("", "foo: 1", "foo: 2", true),
        ("foo", "foo: 1", "foo: 1", true),
        ("foo", "foo: 1", "foo: 2", false),
        ("foo", "", "foo: 1", false),
        ("foo", "foo: 1", "", false),
        ("foo", "", "", true),
        ("foo", "foo:", "", false),
        ("foo", "", "foo:", false),
        ("foo", "foo:", "foo:", true),
        ("foo", "foo: 1\nother: 2", "foo: 1\nother: 3", true),
        ("foo", "foo: 1", "foo: 1\nfoo: 1", false),
        ("foo", "foo: a", "foo: A", false),
        ("foo, bar", "foo: 1\nbar: abc", "bar: abc\nfoo: 1", true),
        ("foo, bar", "foo: 1\nbar: abc", "foo: 2\nbar: abc", false),
        ("foo, bar", "foo: 1\nbar: abc", "foo: 1\nbar: abcde", false),
        ("foo, bar", "foo: 1", "", false),
        ("foo, bar", "foo: 1\nbar: 2", "foo: 2\nbar: 1", false),
        ("foo, bar, baz", "foo: 1\nbaz: 789", "foo: 1\nbaz: 789", true),
        ("foo, bar, baz", "foo: 1\nbaz: 789", "foo: 1\nbar:\nbaz: 789", false),
        ("foo, bar, baz", "foo: 1\nbar: abc4\nbaz: 789", "foo: 1\nbar: abc\nbaz: 789", false),
        ("cookie", "cookie: a=b", "cookie: a=c", false),
        ("authorization", "", "authorization: x", false),
    ] {
        let vary = vary(&format!("vary: {vary_by}"));
        let selection = Selection::of(&vary, &fields(stored)).unwrap();
        let row = format!("{vary_by}: {stored:?} and {request:?}");
        assert_eq!(selection.matches(&fields(request)), expected, "{row}");
        let other = Selection::of(&vary, &fields(request)).unwrap();
        assert_eq!(selection == other, expected, "{row}");
        assert_eq!(selection.key() == other.key(), expected, "{row}");
    }
}

#[test]
fn no_request_is_like_another_where_anything_may_have_counted() {
    assert_eq!(Selection::of(&Vary::Any, &fields("foo: 1")), None);
}

#[test]
fn a_selection_by_nothing_says_so() {
    let nothing = Selection::of(&Vary::Nothing, &fields("foo: 1")).unwrap();
    assert!(nothing.is_empty());
    assert_eq!(nothing, Selection::default());
    let by_foo = Selection::of(&names(&["bar", "foo"]), &fields("")).unwrap();
    assert!(!by_foo.is_empty());
    assert_eq!(by_foo.names().map(|name| name.as_str()).collect::<Vec<_>>(), ["bar", "foo"]);
}
