use http::StatusCode;
use tower_weir::cache::rules::*;

use super::fields;

/// RFC 9111 section 4.3.5.
#[test]
fn the_answer_to_a_head_updates_or_invalidates_the_stored_answer_to_a_get() {
    use HeadEffect::{Invalidate, None, Update};
    let stored = fields("etag: \"a\"\nlast-modified: @-60");
    for (status, head, expected) in [
        (200, "", Update),
        (200, "cache-control: max-age=1000\nx: 2", Update),
        (200, "etag: \"a\"", Update),
        (200, "etag: \"a\"\nlast-modified: @-60\ncontent-length: 10", Update),
        (200, "content-length: 10", Update),
        (200, "etag: \"b\"", Invalidate),
        (200, "etag: W/\"a\"", Invalidate),
        (200, "last-modified: @-50", Invalidate),
        (200, "etag: \"a\"\nlast-modified: @-50", Invalidate),
        (200, "content-length: 11", Invalidate),
        (200, "content-length: x", Invalidate),
        (200, "etag: \"a\"\ncontent-length: 0", Invalidate),
        (204, "etag: \"b\"", None),
        (304, "etag: \"a\"", None),
        (404, "", None),
        (410, "cache-control: max-age=1000", None),
        (500, "", None),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(head_effect(&stored, 10, status, &fields(head)), expected, "{status} {head}");
    }
    // A validator that is new says that something is.
    let plain = fields("");
    assert_eq!(head_effect(&plain, 10, StatusCode::OK, &fields("etag: \"a\"")), Invalidate);
    assert_eq!(head_effect(&plain, 10, StatusCode::OK, &fields("")), Update);
}
