//! Errors that stick (Nguyen, Lo Iacono and Federrath, "Your Cache Has Fallen: Cache-Poisoned Denial-of-Service Attack", 2019).

use crate::world::*;

/// HHO and HMC: a field that is too large, or has bytes in it that the service refuses.
#[tokio::test]
async fn denial_by_a_request_that_the_service_refuses() {
    for status in
        [400, 401, 403, 406, 408, 411, 412, 413, 415, 417, 421, 425, 426, 428, 429, 431, 451]
    {
        let cached = Cached::silent(move |request| {
            let evil = request.headers().contains_key("x-oversized");
            with_status(if evil { status } else { 200 }, said("", &[]))
        });
        assert_eq!(cached.get_with("/", &[("x-oversized", "x")]).await.status, status);
        let victim = cached.get("/").await;
        assert_eq!(victim.status, 200, "{status}");
        assert!(
            victim.field("cache-status").contains("stored"),
            "{status}: nor is the cache off for a while"
        );
    }
}

/// A limiter or a service that fails: errors are not kept beyond those who waited for them.
#[tokio::test]
async fn denial_by_an_error() {
    for status in [500, 502, 503, 504, 507, 511, 599] {
        let cached = Cached::new(
            |layer| layer.default_ttl(std::time::Duration::from_secs(60)),
            move |_, call| {
                with_status(if call == 0 { status } else { 200 }, said(call.to_string(), &[]))
            },
        );
        assert_eq!(cached.get("/").await.status, status);
        assert_eq!(cached.get("/").await.text, "1", "{status}");
        assert!(cached.get("/").await.is_hit(), "{status}");
    }
}

/// A limiter inside the cache says 429 to one client; no other gets that.
#[tokio::test]
async fn denial_by_the_limit_of_another() {
    let cached = Cached::plain(|request| {
        let limited = asked(request, "x-client") == "greedy";
        with_status(if limited { 429 } else { 200 }, said("page", &[("retry-after", "60")]))
    });
    assert_eq!(cached.get_with("/", &[("x-client", "greedy")]).await.status, 429);
    assert_eq!(cached.get("/").await.status, 200);
}

/// What is not there is forgotten as fast as anything else, and not kept at all for who is signed in.
#[tokio::test]
async fn denial_by_a_page_that_is_not_there_yet() {
    let cached = Cached::new(
        |layer| layer.default_ttl(std::time::Duration::from_secs(60)),
        |_, call| with_status(if call == 0 { 404 } else { 200 }, said("", &[])),
    );
    assert_eq!(cached.get("/").await.status, 404);
    assert_eq!(cached.get_with("/", &[("cookie", "a")]).await.status, 200);
    assert!(cached.get("/").await.is_hit());
    cached.pass(60);
    assert_eq!(cached.get("/").await.status, 200);
}

/// RFC 9110 section 15.2: what is no final answer.
#[tokio::test]
async fn an_interim_answer_that_is_stored() {
    for status in [100, 101, 102, 103] {
        let cached = Cached::new(
            |layer| layer,
            move |_, call| {
                with_status(if call == 0 { status } else { 200 }, fresh(call.to_string(), &[]))
            },
        );
        assert_eq!(cached.get("/").await.status, status);
        assert_eq!(cached.get("/").await.text, "1", "{status}");
    }
}

/// RFC 9111 section 5.2.2.3: a status that is not known is not stored where it would have to be understood.
#[tokio::test]
async fn a_status_that_nobody_knows() {
    let control = [("cache-control", "must-understand, no-store, max-age=60")];
    for (status, stored) in [(200, true), (299, false), (599, false), (999, false)] {
        let cached = Cached::new(
            |layer| layer,
            move |_, call| with_status(status, said(call.to_string(), &control)),
        );
        cached.get("/").await;
        assert_eq!(cached.get("/").await.text == "0", stored, "{status}");
    }
}
