use http::{Method, StatusCode, Uri};
use tower_weir::cache::rules::*;

use super::fields;

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

/// RFC 9111 section 4.4, RFC 9110 section 9.2.1.
#[test]
fn answers_to_unsafe_methods_that_are_no_errors_invalidate() {
    for name in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "PURGE", "CONNECT", "get"] {
        for (status, expected) in [
            (200, true),
            (201, true),
            (204, true),
            (299, true),
            (302, true),
            (303, true),
            (304, true),
            (100, false),
            (400, false),
            (404, false),
            (412, false),
            (500, false),
            (503, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(invalidates(&method(name), status), expected, "{name} {status}");
        }
        assert!(!is_safe(&method(name)), "{name}");
    }
    for name in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert!(is_safe(&method(name)), "{name}");
        assert!(!invalidates(&method(name), StatusCode::OK), "{name}");
    }
}

fn related(uri: &str, host: &str, response: &str) -> Vec<String> {
    let (uri, request): (Uri, _) = (uri.parse().unwrap(), fields(host));
    let target = Target::of(&uri, &request);
    target.related(&fields(response)).map(|path| path.to_string()).collect()
}

/// RFC 3986 section 5.4.
#[test]
fn references_are_resolved_against_the_target() {
    for (reference, expected) in [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("g#s", "/b/c/g"),
        ("g?y#s", "/b/c/g?y"),
        (";x", "/b/c/;x"),
        ("g;x", "/b/c/g;x"),
        ("", "/b/c/d;p?q"),
        (".", "/b/c/"),
        ("./", "/b/c/"),
        ("..", "/b/"),
        ("../", "/b/"),
        ("../g", "/b/g"),
        ("../..", "/"),
        ("../../", "/"),
        ("../../g", "/g"),
        ("../../../g", "/g"),
        ("../../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        (".g", "/b/c/.g"),
        ("g..", "/b/c/g.."),
        ("..g", "/b/c/..g"),
        ("./../g", "/b/g"),
        ("./g/.", "/b/c/g/"),
        ("g/./h", "/b/c/g/h"),
        ("g/../h", "/b/c/h"),
        ("g;x=1/./y", "/b/c/g;x=1/y"),
        ("g;x=1/../y", "/b/c/y"),
        ("g?y/./x", "/b/c/g?y/./x"),
        ("g?y/../x", "/b/c/g?y/../x"),
        ("g?y:z", "/b/c/g?y:z"),
        ("./a:b", "/b/c/a:b"),
        ("//a/g", "/g"),
        ("http://a/g", "/g"),
        ("http://a", "/"),
        ("http://a?y", "/?y"),
        ("HTTP://A:80/g", "/g"),
        ("http://a:/g", "/g"),
        ("http://a/b/../g", "/g"),
    ] {
        let response = format!("location: {reference}");
        assert_eq!(related("http://a/b/c/d;p?q", "", &response), [expected], "{reference}");
        let response = format!("content-location: {reference}");
        assert_eq!(related("http://a/b/c/d;p?q", "", &response), [expected], "{reference}");
    }
}

#[test]
fn what_is_of_another_origin_is_left_alone() {
    for (uri, host, reference, is_own) in [
        ("http://a/", "", "http://b/x", false),
        ("http://a/", "", "//b/x", false),
        ("http://a/", "", "https://a/x", false),
        ("http://a/", "", "http://a:8080/x", false),
        ("http://a:8080/", "", "http://a:8080/x", true),
        ("http://a:8080/", "", "http://a/x", false),
        ("http://a:80/", "", "http://a/x", true),
        ("https://a/", "", "https://a:443/x", true),
        ("https://a/", "", "https://a:80/x", false),
        ("http://a/", "", "http://a.b/x", false),
        ("http://a/", "", "http://a@b/x", false),
        ("http://a/", "", "http://x@a/x", false),
        ("http://a/", "", "ftp://a/x", false),
        ("http://a/", "", "mailto:a", false),
        ("http://a/", "", "javascript:alert(1)", false),
        // The target has no scheme: both of HTTP's are its own.
        ("/", "host: a", "http://a/x", true),
        ("/", "host: a", "https://a/x", true),
        ("/", "host: A", "https://a:443/x", true),
        ("/", "host: a", "http://b/x", false),
        ("/", "host: a", "//b/x", false),
        ("/", "host: a", "/x", true),
        ("/", "", "http://a/x", false),
        ("/", "", "/x", true),
        ("http://a/", "host: b", "http://b/x", false),
    ] {
        let found = related(uri, host, &format!("location: {reference}"));
        let expected: &[&str] = if is_own { &["/x"] } else { &[] };
        assert_eq!(found, expected, "{reference} from {uri} {host}");
    }
}

#[test]
fn all_that_is_named_is_related() {
    let response =
        "location: a\ncontent-location: b\nlocation: http://elsewhere/c\ncontent-location: \u{fc}";
    assert_eq!(related("/x/y", "host: here", response), ["/x/a", "/x/b"]);
    assert!(related("/x/y", "host: here", "").is_empty());
    let options: Uri = "*".parse().unwrap();
    let request = fields("");
    let found: Vec<_> = Target::of(&options, &request).related(&fields("location: a")).collect();
    assert_eq!(found, ["/a"]);
}

#[test]
fn a_scheme_can_be_given_to_what_tells_none() {
    let (uri, request) = ("/".parse::<Uri>().unwrap(), fields("host: a"));
    let target = Target::of(&uri, &request).or_scheme("https");
    assert_eq!(target.related(&fields("location: http://a/x")).count(), 0);
    assert_eq!(target.related(&fields("location: https://a/x")).count(), 1);
    assert_eq!(target.related(&fields("location: //a:443/x")).count(), 1);
}
