//! Who a request is for, if it says several things (Kettle, "Cracking the lens", 2017; RFC 9112 section 3.2).

use crate::world::*;

/// Answers with the host as most handlers read it: from the field.
fn by_field() -> Cached {
    Cached::plain(|request| fresh(asked(request, "host"), &[]))
}

/// RFC 9112 section 3.2: servers differ in which of two they take.
#[tokio::test]
async fn poisoning_by_a_second_host() {
    let cached = by_field();
    for hosts in [["victim", "evil"], ["evil", "victim"], ["victim", "victim"]] {
        let fields = hosts.map(|host| ("host", host));
        cached.get_with("/", &fields).await;
        cached.get_with("http://victim/", &fields).await;
    }
    assert_eq!(cached.get_with("/", &[("host", "victim")]).await.text, "victim");
    assert_eq!(cached.get("http://victim/").await.text, "-");
    assert_eq!(cached.calls(), 8, "none of those was answered from the cache");
}

/// RFC 9112 section 3.2.2: the target's host counts, but handlers read the field.
#[tokio::test]
async fn poisoning_by_a_host_that_contradicts_the_target() {
    let cached = by_field();
    assert_eq!(cached.get_with("http://victim/", &[("host", "evil")]).await.text, "evil");
    assert_eq!(cached.get_with("http://victim/", &[("host", "victim")]).await.text, "victim");
    assert_eq!(cached.get_with("http://victim:80/", &[("host", "victim")]).await.text, "victim");
    assert!(cached.get_with("http://victim/", &[("host", "victim")]).await.is_hit());
}

/// Youssef Sammouda, "Cache Poisoning at Scale", 2021: capital letters, and a service that compares hosts byte by byte.
#[tokio::test]
async fn denial_by_capital_letters_in_the_host() {
    let cached = Cached::plain(|request| {
        let found = asked(request, "host") == "victim";
        with_status(if found { 200 } else { 404 }, fresh("", &[]))
    });
    assert_eq!(cached.get_with("/", &[("host", "VICTIM")]).await.status, 404);
    assert_eq!(cached.get_with("/", &[("host", "victim")]).await.status, 200);
    assert_eq!(cached.get_with("/", &[("host", "Victim")]).await.status, 404);
    assert!(cached.get_with("/", &[("host", "victim")]).await.is_hit());
}

/// Kettle 2018: a port that nobody listens to, in all links.
#[tokio::test]
async fn denial_by_a_port() {
    let cached = by_field();
    for host in ["victim:1337", "victim:", "victim", "victim:80", "victim:x"] {
        assert_eq!(cached.get_with("/", &[("host", host)]).await.text, host);
    }
}

/// Kettle 2017: junk behind the host, which one side cuts off.
#[tokio::test]
async fn poisoning_by_junk_behind_the_host() {
    let cached = by_field();
    for junk in [
        "victim/evil",
        "victim?evil",
        "victim#evil",
        "victim\\evil",
        "victim, evil",
        "victim evil",
        "victim\tevil",
    ] {
        for _ in 0..2 {
            let got = cached.get_with("/", &[("host", junk)]).await;
            assert_eq!(
                got.field("cache-status"),
                "weir; fwd=bypass; detail=unclear-host",
                "{junk}"
            );
        }
    }
    assert_eq!(cached.get_with("/", &[("host", "victim")]).await.text, "victim");
}

/// RFC 9110 section 4.2.4: credentials in front of a host make it look like another.
#[tokio::test]
async fn poisoning_by_user_information() {
    let cached = Cached::plain(|request| fresh(request.uri().to_string(), &[]));
    for uri in ["http://victim@evil/", "http://evil@victim/", "http://a:b@victim/"] {
        assert_eq!(
            cached.get(uri).await.field("cache-status"),
            "weir; fwd=bypass; detail=unclear-host"
        );
    }
    assert_eq!(cached.get_with("/", &[("host", "evil@victim")]).await.field("age"), "");
    assert_eq!(cached.get("http://victim/").await.text, "http://victim/");
}

/// Kettle 2018: one host's page for another.
#[tokio::test]
async fn confusion_of_hosts() {
    let cached = by_field();
    for _ in 0..2 {
        for host in ["a", "b", "a.b", "ab", "a.", "[::1]", "127.0.0.1"] {
            assert_eq!(cached.get_with("/", &[("host", host)]).await.text, host);
        }
        assert_eq!(cached.get("/").await.text, "-");
    }
    assert_eq!(cached.calls(), 8);
}

/// A host and a path must not be able to give each other bytes.
#[tokio::test]
async fn confusion_of_host_and_path() {
    let cached =
        Cached::plain(|request| fresh(format!("{}{}", asked(request, "host"), request.uri()), &[]));
    for (host, path) in [("a", "/b/c"), ("a/b", "/c"), ("", "/a/b/c"), ("a", "/b%2fc")] {
        let got = cached.get_with(path, &[("host", host)]).await;
        assert!(!got.is_hit() && got.text == format!("{host}{path}"));
    }
}
