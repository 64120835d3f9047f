//! Parts of responses: RFC 9110 section 14, RFC 9111 sections 3.3 and 3.4.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::Full;

use crate::service::*;

const WHOLE: &str = "0123456789";

/// Who answers with the bytes that are asked for, of ten; with these fields.
fn ranged(request: &Request<()>, fields: &[(&str, &str)]) -> Answer {
    let mut response = answer(0, fields);
    *response.body_mut() = Full::from(WHOLE);
    let Some(range) = request.headers().get("range") else { return response };
    let (start, end) =
        range.to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (start, end) = match (start.parse::<usize>(), end.parse::<usize>()) {
        (Ok(start), Ok(end)) => (start, end),
        (Ok(start), Err(_)) => (start, 9),
        (Err(_), last) => (10 - last.unwrap(), 9),
    };
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let told = format!("bytes {start}-{end}/10");
    response.headers_mut().insert("content-range", told.parse().unwrap());
    *response.body_mut() = Full::from(WHOLE[start..=end].to_owned());
    response
}

fn of(fields: &'static [(&'static str, &'static str)]) -> Cached {
    Cached::new(|layer| layer, move |request, _| ranged(request, fields))
}

const TAGGED: &[(&str, &str)] = &[("cache-control", "max-age=60"), ("etag", "\"1\"")];
const PLAIN: &[(&str, &str)] = &[("cache-control", "max-age=60")];

async fn part(cached: &Cached, range: &str) -> Response<String> {
    cached.get_with("/a", &[("range", &format!("bytes={range}"))]).await
}

fn is_hit<B>(response: &Response<B>) -> bool {
    response.headers()["cache-status"].to_str().unwrap().starts_with("weir; hit")
}

#[tokio::test]
async fn a_stored_part_answers_who_asks_for_what_is_within_it() {
    for fields in [PLAIN, TAGGED] {
        let cached = of(fields);
        let first = part(&cached, "-6").await;
        assert_eq!(field(&first, "cache-status"), "weir; fwd=uri-miss; stored");
        for (range, bytes, told) in [
            ("-6", "456789", "bytes 4-9/10"),
            ("4-9", "456789", "bytes 4-9/10"),
            ("6-8", "678", "bytes 6-8/10"),
            ("6-", "6789", "bytes 6-9/10"),
            ("7-99", "789", "bytes 7-9/10"),
            ("-1", "9", "bytes 9-9/10"),
        ] {
            let hit = part(&cached, range).await;
            assert!(is_hit(&hit), "{range}");
            assert_eq!((hit.status(), hit.body().as_str()), (StatusCode::PARTIAL_CONTENT, bytes));
            assert_eq!(field(&hit, "content-range"), told);
            assert_eq!(field(&hit, "content-length"), bytes.len().to_string());
        }
        assert_eq!(cached.calls(), 1);
        for range in ["3-8", "0-", "-7"] {
            assert!(!is_hit(&part(&of(fields), range).await), "{range}");
        }
    }
}

#[tokio::test]
async fn a_part_is_never_given_for_the_whole() {
    let cached = of(TAGGED);
    part(&cached, "0-8").await;
    let whole = cached.get("/a").await;
    assert_eq!((whole.status(), whole.body().as_str()), (StatusCode::OK, WHOLE));
    assert_eq!(field(&whole, "cache-status"), "weir; fwd=partial; stored");
    assert_eq!(cached.calls(), 2);
    let cached = of(TAGGED);
    part(&cached, "0-8").await;
    let head = cached.send(Request::head("/a").body(()).unwrap()).await;
    assert!(!is_hit(&head) && head.status() == StatusCode::OK);
    let several = part(&cached, "0-1,2-3").await;
    assert!(!is_hit(&several));
}

#[tokio::test]
async fn parts_of_the_same_version_are_put_together() {
    let cached = of(TAGGED);
    for range in ["0-2", "3-4", "7-9"] {
        assert!(!is_hit(&part(&cached, range).await));
    }
    let joined = part(&cached, "1-4").await;
    assert!(is_hit(&joined) && joined.body() == "1234");
    assert_eq!(part(&cached, "8-").await.body(), "89");
    assert!(!is_hit(&part(&cached, "4-7").await));
    let whole = cached.get("/a").await;
    assert!(is_hit(&whole));
    assert_eq!((whole.status(), whole.body().as_str()), (StatusCode::OK, WHOLE));
    assert_eq!((field(&whole, "content-range"), field(&whole, "content-length")), ("", "10"));
    assert_eq!(cached.calls(), 4);
}

#[tokio::test]
async fn parts_of_what_may_be_another_version_are_not_put_together() {
    const WEAK: &[(&str, &str)] = &[("cache-control", "max-age=60"), ("etag", "W/\"1\"")];
    const DATED: &[(&str, &str)] =
        &[("cache-control", "max-age=60"), ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")];
    for fields in [PLAIN, WEAK, DATED] {
        let cached = of(fields);
        part(&cached, "0-4").await;
        part(&cached, "5-9").await;
        assert!(is_hit(&part(&cached, "6-7").await) && !is_hit(&part(&cached, "0-4").await));
        assert_eq!(cached.get("/a").await.body(), WHOLE);
        assert_eq!(cached.calls(), 4, "{fields:?}");
    }
    let changing = Cached::new(
        |layer| layer,
        |request, call| {
            let tag = format!("\"{call}\"");
            ranged(request, &[("cache-control", "max-age=60"), ("etag", &tag)])
        },
    );
    part(&changing, "0-4").await;
    part(&changing, "5-9").await;
    assert!(!is_hit(&part(&changing, "0-4").await) && !is_hit(&changing.get("/a").await));
}

#[tokio::test]
async fn a_part_that_is_all_of_it_is_the_whole() {
    let cached = of(PLAIN);
    part(&cached, "0-").await;
    let whole = cached.get("/a").await;
    assert!(is_hit(&whole) && whole.status() == StatusCode::OK && whole.body() == WHOLE);
}

#[tokio::test]
async fn a_whole_takes_the_place_of_parts() {
    let cached = of(PLAIN);
    part(&cached, "0-4").await;
    cached.get("/a").await;
    let hit = part(&cached, "3-6").await;
    assert!(is_hit(&hit) && hit.body() == "3456");
    assert_eq!(cached.calls(), 2);
}

#[tokio::test]
async fn a_part_that_is_not_what_it_says_is_not_stored() {
    for (told, bytes) in [
        ("bytes 4-9/10", "45678"),
        ("bytes 4-9/10", "4567890"),
        ("bytes 4-9", "456789"),
        ("", "456789"),
    ] {
        let cached = Cached::new(
            |layer| layer,
            move |request, _| {
                let mut response = ranged(request, TAGGED);
                response.headers_mut().insert("content-range", told.parse().unwrap());
                *response.body_mut() = Full::from(bytes);
                response
            },
        );
        assert_eq!(part(&cached, "4-9").await.body(), bytes);
        assert!(!is_hit(&part(&cached, "4-9").await), "{told} {bytes}");
    }
}

#[tokio::test]
async fn a_part_nobody_asked_for_is_not_stored() {
    let cached = Cached::new(
        |layer| layer,
        |_, _| ranged(&Request::get("/").header("range", "bytes=0-9").body(()).unwrap(), TAGGED),
    );
    assert_eq!(cached.get("/a").await.status(), StatusCode::PARTIAL_CONTENT);
    assert!(!is_hit(&cached.get("/a").await));
}

#[tokio::test]
async fn a_stored_part_answers_only_clients_who_have_the_same_version() {
    let cached = of(TAGGED);
    part(&cached, "4-9").await;
    let if_range =
        async |tag| cached.get_with("/a", &[("range", "bytes=4-5"), ("if-range", tag)]).await;
    assert!(is_hit(&if_range("\"1\"").await));
    for tag in ["\"2\"", "W/\"1\""] {
        assert!(!is_hit(&if_range(tag).await), "{tag}");
    }
    let known = cached.get_with("/a", &[("range", "bytes=4-5"), ("if-none-match", "\"1\"")]).await;
    assert!(is_hit(&known) && known.status() == StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_stale_part_is_fetched_anew_and_a_purged_one_is_gone() {
    let cached = of(TAGGED);
    part(&cached, "4-9").await;
    cached.pass(61);
    assert!(!is_hit(&part(&cached, "4-9").await));
    assert!(is_hit(&part(&cached, "4-9").await));
    cached.cache.purge(&"/a".parse().unwrap());
    assert!(!is_hit(&part(&cached, "4-9").await));
}

#[tokio::test]
async fn a_part_of_a_stale_whole_is_taken_from_it_once_it_is_confirmed() {
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ranges);
    let cached = Cached::new(
        |layer| layer,
        move |request, _| {
            seen.lock().unwrap().push(request.headers().contains_key("range"));
            let mut response = ranged(request, TAGGED);
            if request.headers().contains_key("if-none-match") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.body_mut() = Full::default();
            }
            response
        },
    );
    cached.get("/a").await;
    cached.pass(61);
    let confirmed = part(&cached, "2-3").await;
    assert_eq!(
        (confirmed.status(), confirmed.body().as_str()),
        (StatusCode::PARTIAL_CONTENT, "23")
    );
    assert_eq!(field(&confirmed, "cache-status"), "weir; fwd=stale; fwd-status=304; stored");
    assert_eq!(*ranges.lock().unwrap(), [false, false]);
}

#[tokio::test]
async fn variants_of_parts_are_kept_apart() {
    const VARYING: &[(&str, &str)] =
        &[("cache-control", "max-age=60"), ("etag", "\"1\""), ("vary", "accept-encoding")];
    let cached = of(VARYING);
    let asked = async |coding| {
        cached.get_with("/a", &[("range", "bytes=0-4"), ("accept-encoding", coding)]).await
    };
    for coding in ["gzip", "br"] {
        assert!(!is_hit(&asked(coding).await));
    }
    for coding in ["gzip", "br"] {
        assert!(is_hit(&asked(coding).await));
    }
}

#[tokio::test]
async fn parts_that_would_be_too_large_together_stay_apart() {
    let cached =
        Cached::new(|layer| layer.max_object_bytes(6), |request, _| ranged(request, TAGGED));
    for range in ["0-4", "5-9"] {
        part(&cached, range).await;
    }
    for range in ["0-4", "5-9"] {
        assert!(is_hit(&part(&cached, range).await), "{range}");
    }
    assert!(!is_hit(&part(&cached, "4-5").await));
}
