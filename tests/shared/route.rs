//! Route tables and labels, without a framework.

use http::{Method, Request};
use tower_weir::{
    head::Head,
    route::{RouteLabels, RouteTable, UNMATCHED},
};

fn request(method: Method, path: &str) -> Request<()> {
    Request::builder().method(method).uri(path).body(()).unwrap()
}

fn table() -> RouteTable<&'static str> {
    RouteTable::new()
        .route("/", "root")
        .route("/users/{id}", "user")
        .route("/users/me", "me")
        .method_route(Method::GET, "/users/{id}/posts/{post}", "get post")
        .route("/users/{id}/{*rest}", "user's")
        .method_route(Method::POST, "/api/{*rest}", "post to api")
        .route("/api/login", "login")
        .method_route(Method::GET, "/api/login", "get login")
        .rpc("pkg.Greeter", "SayHello", "hello")
        .service("pkg.Greeter", "greeter")
}

#[test]
fn the_most_specific_pattern_wins_and_then_the_method() {
    for (method, path, expected) in [
        (Method::GET, "/", Some("root")),
        (Method::GET, "/?q=/users/me", Some("root")),
        (Method::GET, "/users/7", Some("user")),
        (Method::PUT, "/users/me", Some("me")),
        (Method::GET, "/users/7/posts/9", Some("get post")),
        (Method::PUT, "/users/7/posts/9", Some("user's")),
        (Method::PUT, "/users/7/a/b/c", Some("user's")),
        (Method::POST, "/api/anything", Some("post to api")),
        (Method::GET, "/api/anything", None),
        // Text before a wildcard, although that one names the method.
        (Method::POST, "/api/login", Some("login")),
        (Method::GET, "/api/login", Some("get login")),
        // No way around the entries of GET.
        (Method::HEAD, "/api/login", Some("get login")),
        (Method::HEAD, "/users/7/posts/9", Some("get post")),
        (Method::POST, "/pkg.Greeter/SayHello", Some("hello")),
        (Method::POST, "/pkg.Greeter/SayGoodbye", Some("greeter")),
        (Method::POST, "/pkg.Other/SayHello", None),
        (Method::GET, "/users", None),
        (Method::GET, "/users/", None),
        (Method::GET, "/users/7/", None),
        (Method::GET, "//", None),
        (Method::OPTIONS, "*", None),
    ] {
        let request = request(method, path);
        assert_eq!(
            table().get(&Head::of(&request)).copied(),
            expected,
            "{} {path}",
            request.method()
        );
    }
    assert_eq!(
        table().label(&Head::of(&request(Method::GET, "/api/login"))),
        Some("GET /api/login")
    );
    assert_eq!(table().label(&Head::of(&request(Method::PUT, "/users/me"))), Some("/users/me"));
}

#[test]
fn bad_patterns_are_named() {
    let error = |pattern: &str| {
        let table = RouteTable::<u8>::new().route("/users/{id}", 1);
        table.try_route(None, pattern, 2).unwrap_err().to_string()
    };
    assert_eq!(error("users"), "invalid route pattern `users`: it must begin with `/`");
    assert_eq!(error(""), "invalid route pattern ``: it must begin with `/`");
    for pattern in ["/users/{id}", "/users/{name}", "/a/{", "/a/{*rest}/b", "/a/{}"] {
        let error = error(pattern);
        assert!(error.starts_with(&format!("invalid route pattern `{pattern}`: ")), "{error}");
        assert!(error.len() > pattern.len() + 30, "it says why: {error}");
    }
}

#[test]
#[should_panic(expected = "invalid route pattern `users`: it must begin with `/`")]
fn the_short_form_panics_while_the_table_is_built() {
    let _ = RouteTable::<u8>::new().route("users", 1);
}

#[test]
fn labels_come_from_the_table_and_never_from_the_path() {
    let labels = RouteLabels::new(100).table(table());
    let of = |request: Request<()>| labels.of(&Head::of(&request)).to_string();
    assert_eq!(of(request(Method::GET, "/users/7")), "/users/{id}");
    assert_eq!(of(request(Method::GET, "/wp-admin")), UNMATCHED);
    assert_eq!(of(request(Method::GET, "/users/%00%ff")), "/users/{id}");
}
