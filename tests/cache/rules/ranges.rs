use tower_weir::cache::rules::*;

use super::fields;

fn part(start: u64, end: u64) -> Range {
    Range::Part { start, end }
}

fn range(request: &str, stored: &str, length: u64) -> Range {
    Range::evaluate(&fields(request), &fields(stored), length)
}

/// RFC 9110 sections 14.1.2 and 14.2.
#[test]
fn one_range_of_bytes_is_a_part() {
    use Range::{Unsatisfiable, Whole};
    for (value, length, expected) in [
        ("bytes=0-1", 11, part(0, 1)),
        ("bytes=1-", 11, part(1, 10)),
        ("bytes=-1", 11, part(10, 10)),
        ("bytes=-11", 11, part(0, 10)),
        ("bytes=-12", 11, part(0, 10)),
        ("bytes=0-", 11, part(0, 10)),
        ("bytes=10-10", 11, part(10, 10)),
        ("bytes=0-10", 11, part(0, 10)),
        ("bytes=5-99", 11, part(5, 10)),
        ("bytes=5-99999999999999999999999", 11, part(5, 10)),
        ("bytes=-99999999999999999999999", 11, part(0, 10)),
        ("BYTES=0-1", 11, part(0, 1)),
        ("bytes= 0-1 ", 11, part(0, 1)),
        ("bytes=0-1,", 11, part(0, 1)),
        ("bytes=00-01", 11, part(0, 1)),
        ("bytes=11-", 11, Unsatisfiable),
        ("bytes=11-12", 11, Unsatisfiable),
        ("bytes=-0", 11, Unsatisfiable),
        ("bytes=99999999999999999999999-", 11, Unsatisfiable),
        ("bytes=0-", 0, Unsatisfiable),
        ("bytes=0-0", 0, Unsatisfiable),
        ("bytes=-0", 0, Unsatisfiable),
        ("bytes=-5", 0, Whole),
        // Ignored.
        ("bytes=0-1, 3-4", 11, Whole),
        ("bytes=0-1,3-", 11, Whole),
        ("bytes=2-1", 11, Whole),
        ("bytes=-", 11, Whole),
        ("bytes=", 11, Whole),
        ("bytes=,", 11, Whole),
        ("bytes", 11, Whole),
        ("bytes=a-b", 11, Whole),
        ("bytes=0 - 1", 11, Whole),
        ("bytes=+0-1", 11, Whole),
        ("bytes=0-1-2", 11, Whole),
        ("bytes=0-1x", 11, Whole),
        ("bytes=1", 11, Whole),
        ("bytes:0-1", 11, Whole),
        ("items=0-1", 11, Whole),
        ("0-1", 11, Whole),
        ("", 11, Whole),
        ("bytes=0-1\nrange: bytes=0-1", 11, Whole),
    ] {
        assert_eq!(range(&format!("range: {value}"), "", length), expected, "{value} of {length}");
    }
    assert_eq!(range("", "", 11), Whole);
}

/// RFC 9110 section 13.1.5.
#[test]
fn if_range_asks_for_the_whole_of_another_version() {
    let part = part(0, 1);
    for (stored, if_range, expected) in [
        ("etag: \"a\"", "\"a\"", part),
        ("etag: \"a\"", "\"b\"", Range::Whole),
        ("etag: \"a\"", "W/\"a\"", Range::Whole),
        ("etag: W/\"a\"", "W/\"a\"", Range::Whole),
        ("etag: W/\"a\"", "\"a\"", Range::Whole),
        ("etag: a", "a", Range::Whole),
        ("etag: \"a\"", "\"b\", \"a\"", Range::Whole),
        ("etag: \"a\"", "*", Range::Whole),
        ("etag: \"a\"", "", Range::Whole),
        ("", "\"a\"", Range::Whole),
        ("date: @0\nlast-modified: @-60", "@-60", part),
        ("date: @0\nlast-modified: @-60", "@-61", Range::Whole),
        ("date: @0\nlast-modified: @-60", "@-59", Range::Whole),
        ("date: @0\nlast-modified: @-60", "@0", Range::Whole),
        ("date: @0\nlast-modified: @0", "@0", Range::Whole),
        ("date: @0\nlast-modified: @-1", "@-1", part),
        ("date: @0\nlast-modified: @-1", "Tuesday, 14-Nov-23 22:13:19 GMT", part),
        ("last-modified: @-60", "@-60", Range::Whole),
        ("date: x\nlast-modified: @-60", "@-60", Range::Whole),
        ("date: @0", "@-60", Range::Whole),
        ("date: @0\nlast-modified: x", "x", Range::Whole),
        ("etag: \"a\"", "\"a\"\nif-range: \"a\"", Range::Whole),
    ] {
        let request = format!("range: bytes=0-1\nif-range: {if_range}");
        assert_eq!(range(&request, stored, 11), expected, "{stored}, {if_range}");
    }
    assert_eq!(range("if-range: \"a\"", "etag: \"a\"", 11), Range::Whole);
}
