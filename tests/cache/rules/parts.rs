use proptest::prelude::*;
use tower_weir::cache::rules::*;

use super::fields;

fn part(start: u64, end: u64, complete: impl Into<Option<u64>>) -> ContentRange {
    ContentRange { start, end, complete: complete.into() }
}

/// RFC 9110 section 14.4.
#[test]
fn content_range_says_which_bytes_of_how_many() {
    for (value, expected) in [
        ("bytes 0-4/10", Some(part(0, 4, 10))),
        ("bytes 4-9/10", Some(part(4, 9, 10))),
        ("Bytes 0-0/1", Some(part(0, 0, 1))),
        ("bytes 0-4/*", Some(part(0, 4, None))),
        ("bytes */10", None),
        ("bytes 0-10/10", None),
        ("bytes 5-4/10", None),
        ("bytes 0-4", None),
        ("bytes 0-/10", None),
        ("bytes -4/10", None),
        ("bytes 0-4/", None),
        ("bytes 0-4/x", None),
        ("bytes 0-4/10 ", Some(part(0, 4, 10))),
        ("bytes  0-4/10", None),
        ("bytes=0-4/10", None),
        ("items 0-4/10", None),
        ("0-4/10", None),
        ("", None),
        ("bytes 0-4/10\ncontent-range: bytes 0-4/10", None),
        ("bytes 0-99999999999999999999999/*", None),
    ] {
        let lines = format!("content-range: {value}");
        // A value comes without white space at its ends.
        let lines = lines.trim_end();
        assert_eq!(ContentRange::of(&fields(lines)), expected, "{value}");
    }
    assert_eq!(part(0, 4, 10).to_value(), "bytes 0-4/10");
    assert_eq!(part(0, 4, None).to_value(), "bytes 0-4/*");
    assert_eq!(ContentRange::unsatisfied(10), "bytes */10");
}

/// RFC 9111 section 3.3.
#[test]
fn a_stored_part_answers_what_lies_within_it() {
    let stored = part(4, 9, 10);
    for (range, expected) in [
        (Range::Part { start: 4, end: 9 }, Some(0..6)),
        (Range::Part { start: 6, end: 8 }, Some(2..5)),
        (Range::Part { start: 9, end: 9 }, Some(5..6)),
        (Range::Part { start: 3, end: 8 }, None),
        (Range::Part { start: 6, end: 10 }, None),
        (Range::Whole, None),
        (Range::Unsatisfiable, None),
    ] {
        assert_eq!(stored.within(range), expected, "{range:?}");
    }
    assert_eq!(part(0, 9, 10).within(Range::Whole), Some(0..10));
    assert_eq!(part(0, 9, None).within(Range::Whole), None);
    assert!(part(0, 9, 10).is_whole() && !stored.is_whole() && !part(0, 9, None).is_whole());
    assert_eq!(stored.length(), 6);
}

/// RFC 9111 section 3.4.
#[test]
fn parts_that_touch_are_joined() {
    for (one, other, expected) in [
        (part(0, 4, 10), part(5, 9, 10), Some(part(0, 9, 10))),
        (part(0, 4, 10), part(3, 9, 10), Some(part(0, 9, 10))),
        (part(0, 9, 10), part(3, 4, 10), Some(part(0, 9, 10))),
        (part(0, 4, None), part(5, 9, 10), Some(part(0, 9, 10))),
        (part(0, 4, None), part(5, 9, None), Some(part(0, 9, None))),
        (part(0, 4, 10), part(6, 9, 10), None),
        (part(0, 4, 10), part(5, 9, 11), None),
    ] {
        assert_eq!(one.joined(other), expected, "{one:?} {other:?}");
        assert_eq!(other.joined(one), expected, "{other:?} {one:?}");
    }
}

#[test]
fn parts_are_of_one_version_if_their_strong_tag_is_the_same() {
    for (one, other, expected) in [
        ("etag: \"a\"", "etag: \"a\"", true),
        ("etag: \"a\"", "etag: \"b\"", false),
        ("etag: W/\"a\"", "etag: W/\"a\"", false),
        ("etag: W/\"a\"", "etag: \"a\"", false),
        ("", "", false),
        ("last-modified: @-60", "last-modified: @-60", false),
    ] {
        assert_eq!(same_strong_validator(&fields(one), &fields(other)), expected, "{one} {other}");
    }
}

proptest! {
    #[test]
    fn a_part_is_never_beyond_the_content(value in "bytes=[0-9]{0,3}-[0-9]{0,3}", length in 0..500_u64) {
        let request = fields(&format!("range: {value}"));
        if let Range::Part { start, end } = Range::evaluate(&request, &fields(""), length) {
            prop_assert!(start <= end && end < length);
            let written = part(start, end, length).to_value();
            let headers = http::HeaderMap::from_iter([(http::header::CONTENT_RANGE, written)]);
            prop_assert_eq!(ContentRange::of(&headers), Some(part(start, end, length)));
        }
    }
}
