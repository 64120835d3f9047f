//! Spellings of paths.

use crate::wire::*;

const LOGIN: &str =
    "watch = false\n[[route]]\npath = '/login'\nrate_limit = { policies = ['1/hour'] }\n";

#[tokio::test]
async fn no_spelling_of_a_path_is_a_way_around_its_route() {
    let wire = Wire::with(LOGIN, |_| {}).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: site\r\n\r\n");
    let first =
        wire.exchange(&get("//public/%2e%2E/./%6cogin?next=//a/../%6c"), &answer("", "fine")).await;
    assert!(first.answered.starts_with("HTTP/1.1 200 "), "{}", first.answered);
    for path in ["/login", "/%6Cogin", "/./login", "//login", "/a/../login", "/../../login"] {
        let again = wire.ask(&get(path)).await;
        assert!(again.starts_with("HTTP/1.1 429 "), "{path}: {again}");
    }
}

#[tokio::test]
async fn the_upstream_is_asked_for_the_spelling_that_was_looked_up() {
    for (sent, asked) in [
        ("/", "/"),
        ("/a//b/", "/a/b/"),
        ("/a/b/..", "/a/"),
        ("/..", "/"),
        ("/%7Euser/%2f%C3%A9", "/~user/%2F%C3%A9"),
        ("/100%/%zz/%4", "/100%/%zz/%4"),
        ("/a%2e.b?x=%2e%2e//", "/a..b?x=%2e%2e//"),
    ] {
        let wire = Wire::new(&[]).await;
        let request = format!("GET {sent} HTTP/1.1\r\nHost: site\r\n\r\n");
        let asked_for = wire.exchange(&request, &answer("", "fine")).await.asked;
        assert!(asked_for.starts_with(&format!("GET {asked} HTTP/1.1")), "{sent}: {asked_for}");
    }
}
