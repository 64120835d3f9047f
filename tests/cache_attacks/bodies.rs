//! Bodies that are not what they should be (RFC 9111 section 3.3).

use crate::world::*;

/// Answers with such a body the first time, and with a whole one after that.
fn first(broken: impl Fn() -> Answer + Send + Sync + 'static) -> Cached {
    Cached::new(
        |layer| layer.max_object_bytes(1_000),
        move |_, call| match call {
            0 => broken(),
            _ => fresh("whole", &[]),
        },
    )
}

async fn is_not_kept(cached: &Cached) {
    cached.get("/").await;
    assert_eq!(cached.get("/").await.text, "whole");
    assert_eq!(cached.calls(), 2);
}

/// RFC 9112 section 8: fewer bytes than `Content-Length` says.
#[tokio::test]
async fn a_body_that_is_cut_short() {
    is_not_kept(&first(|| fresh("", &[("content-length", "10")]).map(|_| Sent::of(&["12345"]))))
        .await;
    // The framework knows how long its own body is, and the handler has said another length.
    is_not_kept(&first(|| fresh("12345", &[("content-length", "10")]))).await;
}

/// More bytes than it says: what comes behind would be the next response (Kettle, "HTTP Desync Attacks", 2019).
#[tokio::test]
async fn a_body_that_is_longer_than_it_says() {
    is_not_kept(&first(|| fresh("", &[("content-length", "2")]).map(|_| Sent::of(&["12345"]))))
        .await;
    is_not_kept(&first(|| fresh("12345", &[("content-length", "2")]))).await;
}

/// RFC 9110 section 8.6: lengths that contradict each other, or are none.
#[tokio::test]
async fn a_body_of_no_clear_length() {
    for lengths in
        [&["5", "6"][..], &["x"], &["-5"], &["+5"], &["5, 6"], &["99999999999999999999999"]]
    {
        let fields: Vec<_> = lengths.iter().map(|length| ("content-length", *length)).collect();
        let broken = fields.clone();
        is_not_kept(&first(move || fresh("12345", &broken))).await;
        is_not_kept(&first(move || fresh("", &fields).map(|_| Sent::of(&["12345"])))).await;
    }
}

/// RFC 9111 section 3.3: a body that breaks off.
#[tokio::test]
async fn a_body_that_fails() {
    let cached = first(|| fresh("", &[]).map(|_| Sent::of(&["12345"]).error()));
    assert!(cached.get("/").await.broken, "its client learns of it");
    assert_eq!(cached.get("/").await.text, "whole");
}

/// A body that says how large it is passes by, be it true or not.
#[tokio::test]
async fn a_body_that_is_too_large_and_says_so() {
    let large = "x".repeat(1_001);
    for length in ["1001", "18446744073709551615"] {
        let text = large.clone();
        let cached = Cached::new(
            |layer| layer.max_object_bytes(1_000),
            move |_, _| fresh(text.clone(), &[("content-length", length)]),
        );
        for _ in 0..2 {
            let got = cached.get("/").await;
            assert!(got.text == large && !got.is_hit());
        }
        assert_eq!(cached.cache.stats().store.entries, 0);
    }
}

/// One that does not say it is given to its client in full, and is not stored.
#[tokio::test]
async fn a_body_that_is_too_large_and_does_not_say_so() {
    let cached = Cached::new(
        |layer| layer.max_object_bytes(1_000),
        |_, _| fresh("", &[]).map(|_| Sent::of(&["0123456789"; 500])),
    );
    for _ in 0..2 {
        let got = cached.get("/").await;
        assert!(got.text.len() == 5_000 && !got.is_hit() && !got.broken);
    }
    assert_eq!(cached.cache.stats().store.entries, 0);
}

/// Responses that are nearly as large as the store do not make it take more.
#[tokio::test]
async fn a_flood_of_large_responses() {
    let cached = Cached::plain(|_| fresh("x".repeat(1 << 20), &[]));
    for page in 0..100 {
        cached.get(&format!("/{page}")).await;
    }
    assert!(cached.cache.stats().store.bytes <= 16 << 20);
}

/// gRPC tells of failure behind the body (gRPC over HTTP/2, "Trailers").
#[tokio::test]
async fn a_failed_call_that_is_stored() {
    let grpc = [("content-type", "application/grpc+proto")];
    let failures: [fn() -> Sent; 4] = [
        || Sent::of(&["reply"]).trailers(&[("grpc-status", "13")]),
        || Sent::of(&["reply"]).trailers(&[("grpc-status", "x")]),
        || Sent::of(&["reply"]).trailers(&[("other", "0")]),
        || Sent::of(&["reply"]),
    ];
    for failure in failures {
        is_not_kept(&first(move || fresh("", &grpc).map(|_| failure()))).await;
    }
    is_not_kept(&first(move || fresh("", &[grpc[0], ("grpc-status", "14")]))).await;
    let cached = Cached::plain(move |_| {
        fresh("", &grpc).map(|_| Sent::of(&["reply"]).trailers(&[("grpc-status", "0")]))
    });
    cached.get("/").await;
    let again = cached.get("/").await;
    assert!(again.is_hit());
    assert_eq!(again.trailers.unwrap()["grpc-status"], "0", "what says that it did is kept");
}

/// RFC 9110 section 6.5: trailers are part of the response.
#[tokio::test]
async fn loss_of_trailers() {
    let cached = Cached::plain(|_| {
        fresh("", &[])
            .map(|_| Sent::of(&["a", "b"]).trailers(&[("x-digest", "1"), ("x-digest", "2")]))
    });
    let (first, second) = (cached.get("/").await, cached.get("/").await);
    assert!(second.is_hit() && second.text == "ab");
    assert!(first.trailers.is_some() && first.trailers == second.trailers);
}
