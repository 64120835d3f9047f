//! Responses that are for one client.

use std::time::Duration;

use tower_weir::cache::{Fingerprint, rules::AuthorizedResponses};

use crate::world::*;

const ALICE: &[(&str, &str)] = &[("authorization", "Bearer alice")];
const MALLORY: &[(&str, &str)] = &[("authorization", "Bearer mallory")];

/// Tells who asked, with `Cache-Control: control`, or without any.
fn whose(control: &'static str) -> impl Fn(&http::Request<()>) -> Answer + Send + Sync {
    move |request| {
        let whose = asked(request, "authorization");
        if control.is_empty() {
            said(whose, &[])
        } else {
            said(whose, &[("cache-control", control)])
        }
    }
}

/// RFC 9111 section 3.5.
#[tokio::test]
async fn theft_of_what_answers_an_authorized_request() {
    for control in [
        "max-age=60",
        "max-age=60, proxy-revalidate",
        "s-maxage=0, max-age=60",
        "s-maxage=x, max-age=60",
    ] {
        let cached = Cached::plain(whose(control));
        assert_eq!(cached.get_with("/", ALICE).await.text, "Bearer alice");
        assert_eq!(cached.get("/").await.text, "-", "{control}");
        assert_eq!(cached.get_with("/", MALLORY).await.text, "Bearer mallory", "{control}");
    }
}

/// RFC 9111 section 3.5: what may be shared is, and nothing else grants it.
#[tokio::test]
async fn theft_by_directives_that_seem_to_share() {
    for (control, shared) in [
        ("public, max-age=60", true),
        ("s-maxage=60", true),
        ("must-revalidate, max-age=60", true),
        ("public=1, max-age=60", false),
        ("\"public\", max-age=60", false),
        ("publicly, max-age=60", false),
        ("x-public, max-age=60", false),
        ("x=\"public, max-age=60", false),
        ("public; max-age=60", false),
        ("private, public, max-age=60", false),
        ("no-store, public, max-age=60", false),
    ] {
        let cached = Cached::plain(whose(control));
        cached.get_with("/", ALICE).await;
        let got = cached.get_with("/", MALLORY).await.text;
        assert_eq!(got == "Bearer alice", shared, "{control}");
    }
}

/// RFC 9111 section 3.5: a lifetime that only the operator gives shares nothing.
#[tokio::test]
async fn theft_through_the_default_lifetime() {
    let cached = Cached::silent(whose(""));
    assert_eq!(cached.get_with("/", ALICE).await.text, "Bearer alice");
    assert_eq!(cached.get("/").await.text, "-");
    assert_eq!(cached.get_with("/", MALLORY).await.text, "Bearer mallory");
}

/// The other way round: who is signed in gets nobody else's page, be it a public one.
#[tokio::test]
async fn an_anonymous_page_for_who_is_signed_in() {
    let cached = Cached::silent(whose(""));
    assert_eq!(cached.get("/").await.text, "-");
    assert_eq!(cached.get_with("/", ALICE).await.text, "Bearer alice");
    assert!(cached.get("/").await.is_hit());
}

/// RFC 9111 speaks of `Authorization` alone, and many services know their users by another field.
#[tokio::test]
async fn theft_by_a_field_that_tells_who_asks() {
    let names = [
        "x-api-key",
        "api-key",
        "x-auth-token",
        "x-forwarded-user",
        "remote-user",
        "proxy-authorization",
    ];
    for name in names {
        let cached = Cached::silent(move |request| said(asked(request, name), &[]));
        assert_eq!(cached.get_with("/", &[(name, "alice")]).await.text, "alice");
        assert_eq!(cached.get("/").await.text, "-", "{name}");
        assert_eq!(cached.get_with("/", &[(name, "mallory")]).await.text, "mallory", "{name}");
        let known = Fingerprint::builder().header(http::HeaderName::from_static(name));
        let cached = Cached::new(
            |layer| layer.fingerprint(known).default_ttl(Duration::from_secs(60)),
            move |request, _| said(asked(request, name), &[]),
        );
        for user in ["alice", "mallory", "alice", "mallory"] {
            assert_eq!(cached.get_with("/", &[(name, user)]).await.text, user);
        }
        assert_eq!(cached.calls(), 2);
    }
}

/// A cookie is what most users are known by, and RFC 9111 does not speak of it.
#[tokio::test]
async fn theft_of_what_answers_a_request_with_cookies() {
    let cached = Cached::silent(|request| said(asked(request, "cookie"), &[]));
    assert_eq!(cached.get_with("/", &[("cookie", "id=alice")]).await.text, "id=alice");
    assert_eq!(cached.get("/").await.text, "-");
    assert_eq!(cached.get_with("/", &[("cookie", "id=mallory")]).await.text, "id=mallory");
    assert_eq!(cached.get_with("/", &[("cookie", "")]).await.text, "", "an empty one is one");
}

/// HTTP/2 may split cookies into several fields (RFC 9113 section 8.2.3).
#[tokio::test]
async fn theft_by_cookies_in_several_fields() {
    let cached = Cached::silent(|request| {
        let all: Vec<_> =
            request.headers().get_all("cookie").iter().map(|c| c.to_str().unwrap()).collect();
        said(all.join("; "), &[("vary", "cookie"), ("cache-control", "max-age=60")])
    });
    let (one, two) = ([("cookie", "a=1; b=2")], [("cookie", "a=1"), ("cookie", "b=2")]);
    assert_eq!(cached.get_with("/", &two).await.text, "a=1; b=2");
    assert!(cached.get_with("/", &one).await.is_hit(), "they are the same");
    assert_eq!(cached.get_with("/", &two[..1]).await.text, "a=1");
    assert_eq!(cached.get_with("/", &two[1..]).await.text, "b=2");
}

/// A response that sets a cookie would give all the same session (RFC 6265 section 4.1, RFC 9111 section 7.3).
#[tokio::test]
async fn fixation_by_a_stored_cookie() {
    for name in ["set-cookie", "Set-Cookie", "set-cookie2"] {
        let cached = Cached::new(
            |layer| layer,
            move |_, call| fresh("", &[(name, &format!("session={call}"))]),
        );
        for call in 0..3 {
            assert_eq!(cached.get("/").await.field(name), format!("session={call}"));
        }
    }
}

/// A cookie that comes behind the body is one still.
#[tokio::test]
async fn fixation_by_a_cookie_in_the_trailers() {
    let cached = Cached::new(
        |layer| layer,
        |_, call| {
            let session = format!("session={call}");
            fresh("", &[]).map(|_| Sent::of(&["x"]).trailers(&[("set-cookie", &session)]))
        },
    );
    for call in 0..3 {
        let trailers = cached.get("/").await.trailers.unwrap();
        assert_eq!(trailers["set-cookie"], format!("session={call}"));
    }
}

/// Sharing what is private takes an option whose name says so, and then it is shared.
#[tokio::test]
async fn theft_by_misconfiguration_has_to_be_asked_for() {
    let everyone = AuthorizedResponses::SharePrivateDataWithEveryone;
    let cached = Cached::new(
        |layer| layer.authorization(everyone),
        |request, _| fresh(asked(request, "authorization"), &[]),
    );
    cached.get_with("/", ALICE).await;
    assert_eq!(cached.get_with("/", MALLORY).await.text, "Bearer alice");
}

/// A fingerprint that knows the user keeps users apart.
#[tokio::test]
async fn theft_within_a_fingerprint_of_users() {
    let keyed = Fingerprint::builder().header(http::header::COOKIE);
    let cached = Cached::new(
        |layer| layer.fingerprint(keyed).default_ttl(Duration::from_secs(60)),
        |request, _| said(asked(request, "cookie"), &[]),
    );
    for user in ["alice", "mallory", "alice", "mallory"] {
        assert_eq!(cached.get_with("/", &[("cookie", user)]).await.text, user);
    }
    assert_eq!(cached.calls(), 2);
}
