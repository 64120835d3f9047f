//! What people and programs are shown.

use std::time::Duration;

use axum::routing::{get, post};
use http::header::ACCEPT;

use super::*;

/// An app that shows its own profile.
async fn shown() -> (Http, ManualClock, Profile, Server) {
    let (profile, hand, layer) = profile();
    let app = Router::new()
        .route("/users/{id}", get(fine))
        .route_layer(layer)
        .route_service("/profile", profile.page())
        .nest("/ops", Router::new().route_service("/profile", profile.page()))
        .route("/login", post(fine));
    let (addr, server) = serve(app).await;
    (Http::new(addr), hand, profile, server)
}

async fn accepting(http: &Http, accept: &str) -> client::Answer {
    let mut request = request("GET", "/profile");
    request.headers_mut().insert(ACCEPT, accept.parse().unwrap());
    http.send(request).await
}

#[tokio::test]
async fn a_profile_is_shown_as_a_table_or_as_json() {
    let (http, _hand, profile, _server) = shown().await;
    let nothing = http.get("/profile").await;
    assert!(nothing.status == 200 && nothing.body.starts_with(b"no requests"));
    http.get("/users/7").await;
    settled(&profile).await;
    for path in ["/profile", "/ops/profile"] {
        let table = http.get(path).await;
        assert_eq!(table.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(table.header("cache-control"), "no-store");
        let text = String::from_utf8(table.body.to_vec()).unwrap();
        assert!(text.contains("/users/{id}"), "{text}");
    }
    for accept in
        ["application/json", "application/json, text/plain;q=0.5", "application/json, */*"]
    {
        let json = accepting(&http, accept).await;
        assert_eq!(json.header("content-type"), "application/json", "{accept}");
        let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!(json["routes"][0]["route"], "/users/{id}");
        assert_eq!(json["routes"][0]["minute"]["outcomes"]["ok"], 1);
    }
    for accept in ["*/*", "text/html, */*;q=0.8", "text/plain, application/json;q=0.9"] {
        let text = accepting(&http, accept).await;
        assert_eq!(text.header("content-type"), "text/plain; charset=utf-8", "{accept}");
    }
}

#[tokio::test]
async fn a_window_shows_what_came_in_it() {
    let (http, hand, profile, _server) = shown().await;
    http.get("/users/7").await;
    settled(&profile).await;
    hand.advance(Duration::from_secs(120));
    for (query, is_shown) in [
        ("", true),
        ("?window=lifetime", true),
        ("?window=minute", false),
        ("?colour=red&window=five_minutes", true),
        ("?window=hour", true),
    ] {
        let answer = http.get(&format!("/profile{query}")).await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let has_requests = !text.starts_with("no requests");
        assert_eq!((answer.status.as_u16(), has_requests), (200, is_shown), "{query}: {text}");
    }
    let wrong = http.get("/profile?window=week").await;
    assert_eq!(wrong.status, 400);
    let told = "there is no window `week`; allowed: lifetime, minute, five_minutes, hour\n";
    assert_eq!(wrong.body, told);
}

#[tokio::test]
async fn only_what_reads_is_allowed() {
    let (http, _hand, _profile, _server) = shown().await;
    for method in ["POST", "DELETE", "BREW"] {
        let answer = http.send(request(method, "/profile")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"));
    }
    let head = http.send(request("HEAD", "/profile")).await;
    assert_eq!((head.status.as_u16(), &*head.body), (200, &b""[..]));
}

#[tokio::test]
async fn the_time_that_the_server_took_is_told_only_where_that_is_wanted() {
    for is_wanted in [false, true] {
        let (_profile, hand, layer) = profile();
        let slow = async move || {
            hand.advance(Duration::from_micros(12_340));
            ([("server-timing", "db;dur=3")], "fine")
        };
        let app = Router::new().route("/", get(slow)).layer(layer.server_timing(is_wanted));
        let (addr, _server) = serve(app).await;
        for method in ["GET", "HEAD"] {
            let answer = Http::new(addr).send(request(method, "/")).await;
            let told: Vec<_> = answer.headers.get_all("server-timing").iter().collect();
            let expected =
                if is_wanted { vec!["db;dur=3", "total;dur=12.3"] } else { vec!["db;dur=3"] };
            assert_eq!(told, expected);
        }
    }
}

/// Clients choose ids, and may choose long ones.
#[tokio::test]
async fn the_ids_of_slow_requests_are_short() {
    let (profile, hand, layer) = profile();
    let slow = async move || hand.advance(Duration::from_secs(1));
    let (addr, _server) = serve(Router::new().route("/", get(slow)).layer(layer)).await;
    for id in ["7f-3", &"a".repeat(20_000)] {
        let mut request = request("GET", "/");
        request.headers_mut().insert("x-request-id", id.parse().unwrap());
        Http::new(addr).send(request).await;
        settled(&profile).await;
    }
    let mut ids: Vec<_> = profile.slowest(3).into_iter().map(|slow| slow.id.unwrap()).collect();
    ids.sort();
    assert_eq!(ids, ["7f-3", &"a".repeat(128)]);
}
