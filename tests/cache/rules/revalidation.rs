use tower_weir::cache::rules::*;

use super::fields;

/// RFC 9111 section 4.3.1.
#[test]
fn a_request_to_validate_has_the_stored_validators_and_none_of_the_clients() {
    let plain = "accept: a/b\ncookie: a=b";
    for (stored, added, can) in [
        ("etag: \"a\"", "if-none-match: \"a\"", true),
        ("etag: W/\"a\"", "if-none-match: W/\"a\"", true),
        ("last-modified: @-60", "if-modified-since: @-60", true),
        ("etag: \"a\"\nlast-modified: @-60", "if-none-match: \"a\"\nif-modified-since: @-60", true),
        ("", "", false),
        ("date: @0", "", false),
        ("etag: a", "", false),
        ("etag: \"a\"\netag: \"b\"", "", false),
    ] {
        for conditions in [
            "",
            "if-none-match: \"x\"\nif-modified-since: @-5",
            "if-match: *\nif-unmodified-since: @0",
            "range: bytes=0-1\nif-range: \"x\"",
        ] {
            let mut request = fields(&format!("{plain}\n{conditions}"));
            assert_eq!(revalidate(&mut request, &fields(stored)), can, "{stored}");
            let expected = fields(&format!("{plain}\n{added}"));
            assert_eq!(request, expected, "{stored}, {conditions}");
        }
    }
}

/// RFC 9111 section 4.3.4.
#[test]
fn a_304_is_about_the_stored_response_whose_validator_it_has() {
    for (stored, not_modified, expected) in [
        ("etag: \"a\"", "etag: \"a\"", true),
        ("etag: \"a\"", "etag: \"b\"", false),
        ("etag: \"a\"", "", true),
        ("etag: \"a\"", "etag: W/\"a\"", true),
        ("etag: \"a\"", "etag: W/\"b\"", false),
        ("etag: W/\"a\"", "etag: W/\"a\"", true),
        ("etag: W/\"a\"", "etag: \"a\"", false),
        ("", "etag: \"a\"", false),
        ("etag: \"a\"\nlast-modified: @-60", "etag: \"a\"\nlast-modified: @-50", true),
        ("etag: \"a\"\nlast-modified: @-60", "etag: \"b\"\nlast-modified: @-60", false),
        ("last-modified: @-60", "last-modified: @-60", true),
        ("last-modified: @-60", "last-modified: @-50", false),
        ("last-modified: @-60", "", true),
        ("last-modified: @-60", "etag: \"a\"\nlast-modified: @-60", false),
        ("", "last-modified: @-60", false),
        ("", "", true),
        ("etag: \"a\"", "etag: a", false),
        ("etag: a\nlast-modified: @-60", "etag: a\nlast-modified: @-60", true),
    ] {
        let found = selects(&fields(stored), &fields(not_modified));
        assert_eq!(found, expected, "{stored} by {not_modified}");
    }
}
