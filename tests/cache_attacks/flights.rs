//! One call for many: whoever shares it must have a right to what it brings.

use crate::world::*;

/// The page of whoever asks, which may be stored for a minute by what the service says.
fn page(fields: &'static [(&'static str, &'static str)]) -> Cached {
    Cached::plain(move |request| {
        let whose = format!("{} {}", asked(request, "authorization"), asked(request, "cookie"));
        said(whose, fields)
    })
}

/// Sends both at once, and says what each got.
async fn together(
    cached: &Cached,
    first: http::Request<()>,
    second: http::Request<()>,
) -> [Got; 2] {
    cached.hold(true);
    let (first, second) = (cached.start(first).await, cached.start(second).await);
    cached.hold(false);
    [first.await.unwrap(), second.await.unwrap()]
}

const FRESH: &[(&str, &str)] = &[("cache-control", "max-age=60")];

/// RFC 9111 section 3.5, with nothing stored yet: who waits with a signed-in client gets none of theirs.
#[tokio::test]
async fn theft_by_sharing_the_call_of_an_authorized_request() {
    let authorized = || get("/", &[("authorization", "alice")]);
    let [alice, anyone] = together(&page(FRESH), authorized(), get("/", &[])).await;
    assert_eq!((alice.text.as_str(), anyone.text.as_str()), ("alice -", "- -"));
    let other = get("/", &[("authorization", "mallory")]);
    let [alice, mallory] = together(&page(FRESH), authorized(), other).await;
    assert_eq!((alice.text.as_str(), mallory.text.as_str()), ("alice -", "mallory -"));
}

/// And the other way round: who is signed in is not given the page of who is not.
#[tokio::test]
async fn an_authorized_request_does_not_share_the_call_of_an_anonymous_one() {
    let [anyone, alice] =
        together(&page(FRESH), get("/", &[]), get("/", &[("authorization", "alice")])).await;
    assert_eq!((anyone.text.as_str(), alice.text.as_str()), ("- -", "alice -"));
}

/// The same for cookies, where only the operator has said how long the response is fresh.
#[tokio::test]
async fn theft_by_sharing_the_call_of_a_request_with_cookies() {
    let signed_in = |who| get("/", &[("cookie", who)]);
    let silent = || Cached::silent(|request| said(asked(request, "cookie"), &[]));
    let [alice, anyone] = together(&silent(), signed_in("alice"), get("/", &[])).await;
    assert_eq!((alice.text.as_str(), anyone.text.as_str()), ("alice", "-"));
    let [anyone, alice] = together(&silent(), get("/", &[]), signed_in("alice")).await;
    assert_eq!((anyone.text.as_str(), alice.text.as_str()), ("-", "alice"));
    let [alice, mallory] = together(&silent(), signed_in("alice"), signed_in("mallory")).await;
    assert_eq!((alice.text.as_str(), mallory.text.as_str()), ("alice", "mallory"));
}

/// An error may tell whose it is: it is shared among those of whom nothing is known alone.
#[tokio::test]
async fn theft_of_an_error() {
    let failing = || Cached::plain(|request| with_status(500, said(asked(request, "cookie"), &[])));
    let [alice, mallory] =
        together(&failing(), get("/", &[("cookie", "alice")]), get("/", &[("cookie", "mallory")]))
            .await;
    assert_eq!((alice.text.as_str(), mallory.text.as_str()), ("alice", "mallory"));
    let private = Cached::new(
        |layer| layer,
        |_, call| with_status(500, said(call.to_string(), &[("cache-control", "private")])),
    );
    let [first, second] = together(&private, get("/", &[]), get("/", &[])).await;
    assert_ne!(first.text, second.text);
    let limited =
        Cached::new(|layer| layer, |_, call| with_status(429, said(call.to_string(), &[])));
    let [first, second] = together(&limited, get("/", &[]), get("/", &[])).await;
    assert_ne!(first.text, second.text, "a limit is one client's");
}

/// Who asks that nothing be stored does not take part in what is.
#[tokio::test]
async fn a_request_that_wants_nothing_stored_shares_no_call() {
    let cached = Cached::new(|layer| layer, |_, call| fresh(call.to_string(), &[]));
    let [first, second] =
        together(&cached, get("/", &[]), get("/", &[("cache-control", "no-store")])).await;
    assert_eq!((first.text.as_str(), second.text.as_str()), ("0", "1"));
    let [first, second] =
        together(&cached, get("/x", &[("cache-control", "no-store")]), get("/x", &[])).await;
    assert_ne!(first.text, second.text);
}

/// Those who wait are given what they would be chosen for (RFC 9111 section 4.1), though nobody knew by what before.
#[tokio::test]
async fn confusion_of_variants_that_are_fetched_at_once() {
    let cached = Cached::plain(|request| {
        fresh(asked(request, "accept-language"), &[("vary", "accept-language")])
    });
    cached.hold(true);
    let mut clients = Vec::new();
    for language in ["de", "en", "fr", "de", "en", "fr", "de", "en", "fr"] {
        clients.push((language, cached.start(get("/", &[("accept-language", language)])).await));
    }
    cached.hold(false);
    for (language, client) in clients {
        assert_eq!(client.await.unwrap().text, language);
    }
    assert_eq!(cached.calls(), 3);
}

/// A range or a condition of the one who asks first is not what the others get.
#[tokio::test]
async fn poisoning_of_those_who_wait() {
    let cached =
        Cached::plain(|request| match (asked(request, "range"), asked(request, "if-none-match")) {
            ("-", "-") => fresh("0123456789", &[("etag", "\"1\"")]),
            ("-", _) => with_status(304, fresh("", &[("etag", "\"1\"")])),
            _ => with_status(206, fresh("0", &[("content-range", "bytes 0-0/10")])),
        });
    let [part, whole] = together(&cached, get("/", &[("range", "bytes=0-0")]), get("/", &[])).await;
    assert_eq!((part.text.as_str(), whole.text.as_str()), ("0", "0123456789"));
    let (known, other) = (get("/b", &[("if-none-match", "\"1\"")]), get("/b", &[]));
    let [known, whole] = together(&cached, known, other).await;
    assert_eq!((known.status.as_u16(), whole.text.as_str()), (304, "0123456789"));
    let (whole, known) = (get("/c", &[]), get("/c", &[("if-none-match", "\"1\"")]));
    let [whole, known] = together(&cached, whole, known).await;
    assert_eq!((whole.text.as_str(), known.status.as_u16()), ("0123456789", 304));
}
