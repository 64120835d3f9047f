//! Attempts to get the answer to another's request, or to give others the answer to one's own.

use http::{
    Method,
    header::{CONTENT_TYPE, ORIGIN},
};
use tower_weir::coalesce::{CoalesceLayer, Fingerprint, Query};

use crate::{kit::*, world::*};

#[tokio::test(start_paused = true)]
async fn confusion_of_hosts() {
    let at = |host| asking("/", &[("host", host)]);
    assert!(share(at("a.example"), at("a.example")).await);
    for other in [
        "b.example",
        "a.example.",
        "a.example:80",
        "a.example:443",
        "A.example",
        "a.example, b.example",
        "a.example@b.example",
        "a.example/",
        "",
    ] {
        assert!(!share(at("a.example"), at(other)).await, "{other}");
        assert!(!share(at(other), at("a.example")).await, "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn poisoning_by_a_host_that_contradicts_the_target() {
    let honest = || asking("http://a.example/", &[]);
    assert!(share(honest(), asking("http://a.example/", &[("host", "a.example")])).await);
    for fields in [
        &[("host", "evil.example")][..],
        &[("host", "a.example:8080")],
        &[("host", "A.EXAMPLE")],
        &[("host", "a.example"), ("host", "a.example")],
        &[("host", "a.example"), ("host", "evil.example")],
    ] {
        assert!(!share(asking("http://a.example/", fields), honest()).await, "{fields:?}");
    }
    for target in ["https://a.example/", "http://u@a.example/", "http://a.example:80/", "/"] {
        assert!(!share(asking(target, &[]), honest()).await, "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn confusion_of_targets_that_look_alike() {
    let all = [
        "/",
        "//",
        "/a",
        "/A",
        "/a/",
        "//a",
        "/./a",
        "/a?",
        "/a?b",
        "/a?b=",
        "/a;b",
        "/%61",
        "/a%2f",
        "/a%00",
        "/a?b&c",
        "/a?c&b",
        "/a?b=1&b=2",
        "/a?b=2&b=1",
        "/a%3fb",
    ];
    for (n, one) in all.iter().enumerate() {
        for other in &all[n + 1..] {
            assert!(!share(asking(one, &[]), asking(other, &[])).await, "{one} {other}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn poisoning_by_fields_that_services_build_answers_from() {
    for name in tower_weir::coalesce::FingerprintBuilder::PASSED_BY.iter().chain(&["forwarded"]) {
        let evil = asking("/", &[(name, "evil.example")]);
        assert!(!share(evil, get()).await, "{name}");
    }
    let secure = asking("/", &[("x-forwarded-proto", "https")]);
    assert!(!share(secure, get()).await);
}

#[tokio::test(start_paused = true)]
async fn theft_by_whatever_tells_who_asks() {
    for name in [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-auth-token",
        "remote-user",
        "x-forwarded-user",
        // What is known of the client's certificate (RFC 9440, Envoy, nginx, Traefik, AWS, Azure).
        "client-cert",
        "x-forwarded-client-cert",
        "x-client-cert",
        "x-ssl-client-cert",
        "ssl-client-cert",
        "ssl-client-subject-dn",
        "x-forwarded-tls-client-cert",
        "x-forwarded-tls-client-cert-info",
        "x-amzn-mtls-clientcert",
        "x-amzn-mtls-clientcert-leaf",
        "x-arr-clientcert",
        // A signed request (RFC 9421).
        "signature",
        // Keys of APIs.
        "x-goog-api-key",
        "x-auth-key",
        "x-functions-key",
        "ocp-apim-subscription-key",
        "x-rapidapi-key",
        "private-token",
        "x-csrf-token",
        // What proxies say of whom they have signed in.
        "x-webauth-user",
        "x-authenticated-userid",
        "x-consumer-id",
        "x-goog-authenticated-user-email",
        "x-apigateway-api-userinfo",
        "x-amzn-oidc-identity",
        "x-ms-client-principal-id",
        "cf-access-authenticated-user-email",
        "tailscale-user-login",
        "x-scope-orgid",
    ] {
        let somebody = || asking("/account", &[(name, "somebody")]);
        assert!(!share(somebody(), asking("/account", &[])).await, "{name}");
        assert!(!share(asking("/account", &[]), somebody()).await, "{name}");
        assert!(!share(somebody(), asking("/account", &[(name, "other")])).await, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn theft_by_cookies_in_odd_forms() {
    for fields in [
        &[("cookie", "")][..],
        &[("COOKIE", "a=b")],
        &[("cookie", "a=1"), ("cookie", "session=2")],
        &[("cookie", ";;")],
    ] {
        assert!(!share(asking("/", fields), get()).await, "{fields:?}");
    }
    // Named in the key, all of their lines count, and how they are split.
    let keyed = |layer: CoalesceLayer| {
        layer.fingerprint(Fingerprint::builder().header(http::header::COOKIE))
    };
    let split = asking("/", &[("cookie", "a=1"), ("cookie", "b=2")]);
    assert!(!share_by(keyed, split, asking("/", &[("cookie", "a=1; b=2")])).await);
}

#[tokio::test(start_paused = true)]
async fn poisoning_by_how_an_answer_is_to_be_represented() {
    for (name, value) in [
        ("accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("accept-language", "de"),
        ("accept-charset", "utf-16"),
        ("prefer", "return=minimal"),
        ("range", "bytes=0-0"),
        ("if-match", "\"no\""),
        ("if-none-match", "*"),
        ("if-modified-since", "Thu, 01 Jan 2099 00:00:00 GMT"),
        ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("cache-control", "only-if-cached"),
        ("pragma", "no-cache"),
        // Copied into `Access-Control-Allow-Origin` by services that forget to say so in `Vary`.
        ("origin", "https://evil.example"),
        // Of these a page becomes a part of one, or is no page at all.
        ("x-requested-with", "XMLHttpRequest"),
        ("hx-request", "true"),
        ("turbo-frame", "menu"),
        ("x-inertia-partial-data", "menu"),
        ("early-data", "1"),
    ] {
        assert!(!share(asking("/", &[(name, value)]), get()).await, "{name}");
    }
    let part = |of| asking("/", &[("range", "bytes=0-0"), ("if-range", of)]);
    assert!(!share(part("\"a\""), part("\"b\"")).await, "if-range");
    let disregarding =
        |layer: CoalesceLayer| layer.fingerprint(Fingerprint::builder().disregard(ORIGIN));
    let from = |origin| asking("/", &[("origin", origin), ("prefer", "a")]);
    assert!(share_by(disregarding, from("a"), from("b")).await, "by the operator's word");
}

#[tokio::test(start_paused = true)]
async fn poisoning_by_fields_that_connection_takes_away() {
    for value in ["close, accept-language", "x-forwarded-proto", "cookie", "keep-alive,\tX-A"] {
        assert!(!share(asking("/", &[("connection", value)]), get()).await, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn confusion_of_methods() {
    let send = |method: &Method| {
        let mut request = get();
        *request.method_mut() = method.clone();
        request
    };
    let odd = ["get", "GETT", "QUERY"].map(|method| Method::from_bytes(method.as_bytes()).unwrap());
    let known = [Method::HEAD, Method::OPTIONS, Method::TRACE, Method::CONNECT, Method::POST];
    for method in known.iter().chain(&odd) {
        assert!(!share(send(method), get()).await, "{method}");
        assert!(!share(get(), send(method)).await, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn confusion_by_an_upgrade() {
    let fields = [("connection", "upgrade"), ("upgrade", "websocket")];
    assert!(!share(asking("/", &fields), get()).await);
    assert!(!share(asking("/", &fields), asking("/", &fields)).await);
    assert!(!share(asking("/", &[("upgrade", "h2c")]), get()).await);
}

#[tokio::test(start_paused = true)]
async fn poisoning_by_a_body_that_a_get_should_not_have() {
    for (name, value) in
        [("content-length", "1"), ("content-length", "00"), ("transfer-encoding", "chunked")]
    {
        assert!(!share(asking("/", &[(name, value)]), get()).await, "{name}: {value}");
    }
    assert!(share(asking("/", &[(CONTENT_TYPE.as_str(), "a/b")]), get()).await);
}

#[tokio::test(start_paused = true)]
async fn cloaking_of_a_parameter() {
    let without = |layer: CoalesceLayer| {
        layer.fingerprint(Fingerprint::builder().query(Query::without(["utm"])))
    };
    let ask = |uri| asking(uri, &[]);
    assert!(share_by(without, ask("/?a=1&utm=2"), ask("/?a=1")).await);
    for evil in ["/?a=1&utm=2;a=3", "/?a=1&%75tm=2", "/?a=1&a=2", "/?a=1&utm+=2"] {
        assert!(!share_by(without, ask(evil), ask("/?a=1")).await, "{evil}");
    }
}
