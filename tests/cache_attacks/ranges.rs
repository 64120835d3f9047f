//! Parts of responses (RFC 9110 section 14, RFC 9111 section 3.3).

use crate::world::*;

/// A part that is stored as the whole.
#[tokio::test]
async fn poisoning_by_a_part() {
    let cached = Cached::plain(|request| match asked(request, "range") {
        "-" => fresh("0123456789", &[("etag", "\"1\"")]),
        _ => with_status(206, fresh("0", &[("content-range", "bytes 0-0/10"), ("etag", "\"1\"")])),
    });
    for _ in 0..2 {
        assert_eq!(cached.get_with("/", &[("range", "bytes=0-0")]).await.status, 206);
    }
    let whole = cached.get("/").await;
    assert_eq!((whole.status.as_u16(), whole.text.as_str()), (200, "0123456789"));
    let part = cached.get_with("/", &[("range", "bytes=2-3")]).await;
    assert!(part.is_hit());
    assert_eq!(
        (part.status.as_u16(), part.text.as_str(), part.field("content-range")),
        (206, "23", "bytes 2-3/10")
    );
    assert_eq!(cached.get("/").await.text, "0123456789");
}

/// A 206 that nobody asked for.
#[tokio::test]
async fn poisoning_by_a_part_that_was_not_asked_for() {
    let cached = Cached::new(
        |layer| layer,
        |_, call| match call {
            0 => with_status(206, fresh("0", &[("content-range", "bytes 0-0/10")])),
            1 => with_status(416, fresh("", &[("content-range", "bytes */10")])),
            _ => fresh("0123456789", &[]),
        },
    );
    assert_eq!(cached.get("/").await.status, 206);
    assert_eq!(cached.get("/").await.status, 416);
    assert_eq!(cached.get("/").await.text, "0123456789");
}

/// CVE-2011-3192 ("Apache Killer") and Weizman, "`RangeAmp`", 2020: many parts that overlap.
#[tokio::test]
async fn amplification_by_many_ranges() {
    let cached = Cached::plain(|_| fresh("0123456789", &[]));
    cached.get("/").await;
    let many = format!("bytes={}", vec!["0-"; 10_000].join(","));
    for range in [many.as_str(), "bytes=0-1,2-3", "bytes=0-9,0-9"] {
        let got = cached.get_with("/", &[("range", range)]).await;
        assert_eq!((got.status.as_u16(), got.text.as_str()), (200, "0123456789"));
    }
    let two = [("range", "bytes=0-0"), ("range", "bytes=1-1")];
    assert_eq!(cached.get_with("/", &two).await.text, "0123456789");
    assert_eq!(cached.calls(), 1);
}

/// CVE-2015-1635 (HTTP.sys), CVE-2017-7529 (nginx): numbers at the edges of what can be held.
#[tokio::test]
async fn overflow_by_a_range() {
    let cached = Cached::plain(|_| fresh("0123456789", &[]));
    cached.get("/").await;
    for (range, status, text) in [
        ("bytes=0-18446744073709551615", 206, "0123456789"),
        ("bytes=0-99999999999999999999999999", 206, "0123456789"),
        ("bytes=18446744073709551615-", 416, ""),
        ("bytes=9223372036854775808-9223372036854775809", 416, ""),
        ("bytes=-18446744073709551615", 206, "0123456789"),
        ("bytes=-0", 416, ""),
        ("bytes=-9223372036854775608,-17208", 200, "0123456789"),
        ("bytes=9-0", 200, "0123456789"),
        ("bytes=--1", 200, "0123456789"),
        ("bytes=", 200, "0123456789"),
        ("bytes", 200, "0123456789"),
        ("lines=0-1", 200, "0123456789"),
        ("bytes=\"0-1\"", 200, "0123456789"),
    ] {
        let got = cached.get_with("/", &[("range", range)]).await;
        assert_eq!((got.status.as_u16(), got.text.as_str()), (status, text), "{range}");
    }
    assert_eq!(cached.calls(), 1);
}

/// RFC 9110 section 13.1.5: a part of another version than the client has.
#[tokio::test]
async fn mixing_of_versions_by_if_range() {
    let cached = Cached::plain(|_| fresh("0123456789", &[("etag", "\"2\"")]));
    cached.get("/").await;
    for (version, status) in
        [("\"2\"", 206), ("\"1\"", 200), ("W/\"2\"", 200), ("junk", 200), ("*", 200)]
    {
        let got = cached.get_with("/", &[("range", "bytes=0-0"), ("if-range", version)]).await;
        assert_eq!(got.status, status, "{version}");
    }
}

/// A service that answers every range with the same part, and what it says of it; without a range with the whole.
fn lying(range: &'static str, part: &'static str, length: Option<&'static str>) -> Cached {
    Cached::plain(move |request| {
        if asked(request, "range") == "-" {
            return fresh("0123456789", &[("etag", "\"1\"")]);
        }
        let mut fields = vec![("content-range", range), ("etag", "\"1\"")];
        fields.extend(length.map(|length| ("content-length", length)));
        with_status(206, fresh("", &fields)).map(|_| Sent::of(&[part]))
    })
}

/// RFC 9110 section 14.4: a part that is not as long as it says, or whose numbers make no sense. Who trusts them reads beyond
/// what is there.
#[tokio::test]
async fn overread_of_a_part_that_lies() {
    for (range, part, length) in [
        ("bytes 0-9/10", "0", None),
        ("bytes 0-9/10", "0", Some("1")),
        ("bytes 0-0/10", "0123456789", None),
        ("bytes 5-9/10", "5", None),
        ("bytes 0-99/100", "0", None),
        ("bytes 0-18446744073709551614/18446744073709551615", "0", None),
        ("bytes 0-18446744073709551615/*", "0", None),
        ("bytes 18446744073709551615-18446744073709551615/*", "0", None),
        ("bytes 18446744073709551614-18446744073709551614/18446744073709551615", "9", None),
        ("bytes 9-0/10", "0", None),
        ("bytes 0-9/5", "0123456789", None),
        ("bytes 0-0/0", "0", None),
        ("bytes */10", "0", None),
        ("bytes 0-9/10, bytes 0-9/10", "0123456789", None),
        ("lines 0-9/10", "0123456789", None),
    ] {
        let cached = lying(range, part, length);
        for asked in [
            "bytes=0-9",
            "bytes=5-6",
            "bytes=-3",
            "bytes=4-",
            "bytes=18446744073709551614-",
            "bytes=0-0",
        ] {
            let got = cached.get_with("/", &[("range", asked)]).await;
            assert!(
                got.status == 206 && (got.broken || got.text == part),
                "{range} {asked}: {got:?}"
            );
        }
        let whole = cached.get("/").await;
        assert_eq!((whole.status.as_u16(), whole.text.as_str()), (200, "0123456789"), "{range}");
    }
}

/// RFC 9111 section 3.4: parts of different versions, put together.
#[tokio::test]
async fn mixing_of_versions_by_parts() {
    for tags in [["\"1\"", "\"2\""], ["W/\"1\"", "W/\"1\""], ["", ""], ["\"1\"", "W/\"1\""]] {
        let cached = Cached::new(
            |layer| layer,
            move |request, call| {
                let (range, text) = match asked(request, "range") {
                    "bytes=0-4" => ("bytes 0-4/10", "old.."),
                    "bytes=5-9" => ("bytes 5-9/10", "..new"),
                    _ => return fresh("whole", &[]),
                };
                with_status(
                    206,
                    fresh(text, &[("content-range", range), ("etag", tags[call.min(1)])]),
                )
            },
        );
        for range in ["bytes=0-4", "bytes=5-9"] {
            assert_eq!(cached.get_with("/", &[("range", range)]).await.status, 206);
        }
        let whole = cached.get("/").await;
        assert_eq!((whole.status.as_u16(), whole.text.as_str()), (200, "whole"), "{tags:?}");
    }
}

/// Many small parts, none of which adjoins another.
#[tokio::test]
async fn a_flood_of_parts() {
    let cached = Cached::plain(|request| {
        let first: u64 = asked(request, "range")[6..].split('-').next().unwrap().parse().unwrap();
        let range = format!("bytes {first}-{first}/100000");
        with_status(206, fresh("x", &[("content-range", &range), ("etag", "\"1\"")]))
    });
    for first in (0..4_000).step_by(2) {
        cached.get_with("/", &[("range", &format!("bytes={first}-{first}"))]).await;
    }
    let held = cached.cache.stats().store;
    assert!(held.entries == 1 && held.bytes < 64 << 10, "{held:?}");
}

/// Parts of what is for one client.
#[tokio::test]
async fn theft_of_a_part() {
    let cached = Cached::new(
        |layer| layer.default_ttl(std::time::Duration::from_secs(60)),
        |request, _| {
            let whose = format!("{}{}", asked(request, "cookie"), asked(request, "authorization"));
            let range = format!("bytes 0-{}/1000", whose.len() - 1);
            with_status(206, said(whose, &[("content-range", &range), ("etag", "\"1\"")]))
        },
    );
    for (name, value) in [("cookie", "alice"), ("authorization", "alice"), ("x-api-key", "key")] {
        cached.get_with("/", &[("range", "bytes=0-1"), (name, value)]).await;
        let got = cached.get_with("/", &[("range", "bytes=0-1")]).await;
        assert_eq!(got.text.trim_start_matches('-'), "", "{name}");
        cached.cache.purge_all();
    }
}
