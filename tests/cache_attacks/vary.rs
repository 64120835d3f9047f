//! What a response was chosen by (RFC 9110 section 12.5.5, RFC 9111 section 4.1).

use crate::world::*;

/// Kettle 2018: a field that the response depends on, and says so, in every way of writing it.
#[tokio::test]
async fn poisoning_by_a_field_that_is_varied_by() {
    for vary in ["x-theme", "X-Theme", "accept, x-theme", ",, x-theme ,", "x-theme, x-theme"] {
        let cached =
            Cached::plain(move |request| fresh(asked(request, "x-theme"), &[("vary", vary)]));
        for theme in ["evil", "good", "", "EVIL"] {
            assert_eq!(cached.get_with("/", &[("x-theme", theme)]).await.text, theme, "{vary}");
        }
        assert_eq!(cached.get("/").await.text, "-", "{vary}");
        let two = [("x-theme", "good"), ("x-theme", "evil")];
        assert!(!cached.get_with("/", &two).await.is_hit(), "{vary}");
    }
}

/// RFC 9111 section 4.1: `*` matches nothing, wherever it is.
#[tokio::test]
async fn reuse_of_what_varies_by_anything() {
    for vary in ["*", "accept, *", " * ,accept", "x y", "a\u{e4}", "accept;q=1"] {
        let cached =
            Cached::new(|layer| layer, move |_, call| fresh(call.to_string(), &[("vary", vary)]));
        for call in 0..3 {
            assert_eq!(cached.get("/").await.text, call.to_string(), "{vary}");
        }
    }
}

/// A `Vary` in a second line counts as much.
#[tokio::test]
async fn poisoning_past_a_second_line_of_vary() {
    let cached = Cached::plain(|request| {
        fresh(asked(request, "x-theme"), &[("vary", "accept"), ("vary", "x-theme")])
    });
    cached.get_with("/", &[("x-theme", "evil")]).await;
    assert_eq!(cached.get("/").await.text, "-");
}

/// Any client can make variants; they are bounded, and the resource is of use to others still.
#[tokio::test]
async fn a_flood_of_variants() {
    let cached =
        Cached::plain(|request| fresh(asked(request, "user-agent"), &[("vary", "user-agent")]));
    for agent in 0..300 {
        let agent = format!("agent {agent} {}", "x".repeat(1_000));
        assert_eq!(cached.get_with("/", &[("user-agent", &agent)]).await.text, agent);
    }
    let held = cached.cache.stats().store;
    assert_eq!(held.entries, 1);
    assert!(held.bytes < 128 << 10, "{} bytes", held.bytes);
    assert_eq!(cached.get_with("/", &[("user-agent", "fine")]).await.text, "fine");
    assert!(cached.get_with("/", &[("user-agent", "fine")]).await.is_hit());
}

/// Every request has a variant of its own if a response varies by all there is.
#[tokio::test]
async fn varying_by_everything() {
    let names: Vec<String> = (0..500).map(|n| format!("x-{n}")).collect();
    let vary = names.join(", ");
    let cached = Cached::plain(move |request| fresh(asked(request, "x-499"), &[("vary", &vary)]));
    for value in ["a", "b", "a", "b"] {
        assert_eq!(cached.get_with("/", &[("x-499", value)]).await.text, value);
    }
    assert_eq!(cached.calls(), 2);
}

/// A response that stops to vary is for all, and what was chosen by a field before is not given any more.
#[tokio::test]
async fn confusion_by_a_vary_that_changes() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| match call {
            0 | 1 => fresh(asked(request, "x-a"), &[("vary", "x-a")]),
            _ => fresh(format!("{call}"), &[("vary", "x-b")]),
        },
    );
    for (value, expected) in [("1", "1"), ("2", "2"), ("3", "2"), ("1", "2")] {
        assert_eq!(cached.get_with("/", &[("x-a", value), ("x-b", "b")]).await.text, expected);
    }
}

/// A content coding that one client asked for is given to none that did not (RFC 9110 section 12.5.3), though the service
/// forgot to say that it chose by it.
#[tokio::test]
async fn denial_by_a_coding_that_others_cannot_read() {
    let cached = Cached::plain(|request| match asked(request, "accept-encoding") {
        "-" => fresh("plain", &[]),
        coding => fresh("coded", &[("content-encoding", coding)]),
    });
    assert_eq!(cached.get_with("/", &[("accept-encoding", "br")]).await.text, "coded");
    assert_eq!(cached.get("/").await.text, "plain");
    assert!(
        cached.get_with("/", &[("accept-encoding", "gzip")]).await.field("content-encoding")
            != "br"
    );
}
