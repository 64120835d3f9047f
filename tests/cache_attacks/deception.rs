//! A path that looks like a static file to a cache, and like a private page to the service (Gil, "Web Cache Deception Attack",
//! 2017; Mirheidari et al., "Cached and Confused", 2020; Kettle, "Gotta Cache 'em All", 2024).

use crate::world::*;

/// A page of whoever is signed in, at whatever path, from a service that says nothing of caching.
fn account(request: &http::Request<()>) -> Answer {
    said(format!("account of {}", asked(request, "cookie")), &[])
}

async fn keeps_the_page_private(path: &str) {
    let cached = Cached::silent(account);
    for _ in 0..2 {
        assert_eq!(cached.get_with(path, &[("cookie", "alice")]).await.text, "account of alice");
        assert_eq!(cached.get(path).await.text, "account of -", "{path}");
        assert_eq!(
            cached.get_with(path, &[("cookie", "mallory")]).await.text,
            "account of mallory"
        );
    }
}

macro_rules! deception {
    ($($(#[doc = $source:literal])+ $test:ident: $path:literal,)+) => {$(
        $(#[doc = $source])+
        #[tokio::test]
        async fn $test() {
            keeps_the_page_private($path).await;
        }
    )+};
}

deception! {
    /// Gil 2017.
    deception_by_a_path_that_ends_in_css: "/account/x.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_slash: "/account%2Fx.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_semicolon: "/account%3Bx.css",
    /// Mirheidari 2020: path parameters of Java.
    deception_by_a_semicolon: "/account;x.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_newline: "/account%0ax.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_nul: "/account%00x.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_question_mark: "/account%3Fx.css",
    /// Mirheidari 2020.
    deception_by_an_encoded_fragment: "/account%23x.css",
    /// Kettle 2024: dots that the service resolves and the cache does not, or the other way round.
    deception_by_encoded_dots: "/static/..%2faccount",
    /// The same without encoding.
    deception_by_dots: "/static/../account",
    /// Kettle 2024: well-known static files.
    deception_by_the_name_of_a_static_file: "/account/robots.txt",
}

/// Kettle 2024: paths that one side takes for the same, and the other does not.
#[tokio::test]
async fn confusion_of_paths_that_only_look_alike() {
    let cached = Cached::plain(|request| fresh(request.uri().to_string(), &[]));
    let alike = [
        "/a", "/A", "/a/", "//a", "/a/.", "/./a", "/%61", "/a%20", "/a%2F", "/a;", "/a;b", "/a%00",
        "/a%0a", "/a?", "/a?b", "/a?b=", "/a%3Fb", "/x/../a", "/a%23", "/a+",
    ];
    for uri in alike.iter().chain(&alike) {
        assert_eq!(cached.get(uri).await.text, *uri);
    }
    assert_eq!(cached.calls(), alike.len());
}
