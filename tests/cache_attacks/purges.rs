//! Those who would empty the cache of others (RFC 9111 section 4.4).

use crate::world::*;

fn shop() -> Cached {
    Cached::plain(|request| match request.method().as_str() {
        "GET" => fresh("page", &[]),
        _ => with_status(
            201,
            said(
                "",
                &[
                    ("location", asked(request, "x-location")),
                    ("content-location", asked(request, "x-location")),
                ],
            ),
        ),
    })
}

async fn is_stored(cached: &Cached, uri: &str) -> bool {
    cached.get(uri).await.is_hit()
}

/// Requests to change what was never asked for make no room for anything.
#[tokio::test]
async fn a_flood_of_purges() {
    let cached = shop();
    cached.get("http://shop/").await;
    for n in 0..70_000 {
        let post = request("POST", &format!("http://shop/{n}"), &[]);
        cached.exchange(post.map(|()| http_body_util::Full::default())).await;
    }
    assert!(is_stored(&cached, "http://shop/").await);
}

/// RFC 9111 section 4.4: no answer drops what is stored of another origin.
#[tokio::test]
async fn eviction_by_the_location_of_another_origin() {
    for location in [
        "http://victim/",
        "//victim/",
        "http://shop@victim/",
        "http://victim:80/",
        "https://victim/",
        "http:\\\\victim/",
        "\\\\victim/",
        "http://shop.victim/",
        "http://shop%2f@victim/",
        "ftp://victim/",
        "/\\victim/",
    ] {
        let cached = shop();
        cached.get("http://victim/").await;
        cached.send(request("POST", "http://shop/x", &[("x-location", location)])).await;
        assert!(is_stored(&cached, "http://victim/").await, "{location}");
    }
}

/// What is changed is dropped, by every name that the answer gives it.
#[tokio::test]
async fn staleness_by_a_location_that_is_written_otherwise() {
    for location in [
        "/a",
        "http://shop/a",
        "HTTP://SHOP/a",
        "//shop/a",
        "a",
        "./a",
        "x/../a",
        "http://shop:80/a",
        "/a#part",
    ] {
        let cached = shop();
        cached.get("http://shop/a").await;
        cached.send(request("POST", "http://shop/x", &[("x-location", location)])).await;
        assert!(!is_stored(&cached, "http://shop/a").await, "{location}");
    }
}

/// A change through another spelling of the host is one of the same resource.
#[tokio::test]
async fn staleness_by_a_change_through_another_host() {
    let cached = shop();
    cached.get_with("/a", &[("host", "shop")]).await;
    cached.send(request("DELETE", "/a", &[("host", "SHOP")])).await;
    assert!(!cached.get_with("/a", &[("host", "shop")]).await.is_hit());
    cached.send(request("DELETE", "http://shop/a", &[])).await;
    assert!(!cached.get_with("/a", &[("host", "shop")]).await.is_hit());
}

/// RFC 9111 section 4.4: a change that failed drops nothing.
#[tokio::test]
async fn eviction_by_a_change_that_is_refused() {
    for status in [400, 401, 403, 404, 405, 409, 429, 500, 503] {
        let cached = Cached::plain(move |request| match request.method().as_str() {
            "GET" => fresh("page", &[]),
            _ => with_status(status, said("", &[("location", "/a")])),
        });
        cached.get("http://shop/a").await;
        for method in ["POST", "DELETE", "PURGE", "BAN"] {
            cached.send(request(method, "http://shop/a", &[])).await;
        }
        assert!(is_stored(&cached, "http://shop/a").await, "{status}");
    }
}

/// Safe methods drop nothing, whatever the answer names.
#[tokio::test]
async fn eviction_by_a_safe_method() {
    let cached =
        Cached::plain(|_| fresh("page", &[("location", "/a"), ("content-location", "/a")]));
    cached.get("http://shop/a").await;
    for method in ["OPTIONS", "TRACE", "HEAD"] {
        cached.send(request(method, "http://shop/b", &[])).await;
    }
    assert!(is_stored(&cached, "http://shop/a").await);
}
