//! What the API does, knowing nothing of its guards.

use std::{net::SocketAddr, time::Duration};

use axum::{Json, extract::Query, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Item {
    id: u32,
    title: &'static str,
    about: &'static str,
}

const CATALOGUE: [Item; 8] = [
    Item { id: 1, title: "Broad-crested weir", about: "a flat sill that measures open channels" },
    Item { id: 2, title: "V-notch weir", about: "precise for small flows" },
    Item { id: 3, title: "Labyrinth weir", about: "a folded crest that passes floods" },
    Item { id: 4, title: "Needle dam", about: "wooden needles against a frame" },
    Item { id: 5, title: "Sluice gate", about: "slides up to let water under it" },
    Item { id: 6, title: "Fish ladder", about: "steps around a weir for salmon" },
    Item { id: 7, title: "Spillway", about: "carries what a reservoir cannot hold" },
    Item { id: 8, title: "Stilling basin", about: "calms water below a spillway" },
];

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(Query(search): Query<Search>) -> Json<Value> {
    let wanted = search.q.to_lowercase();
    let says = |text: &str| text.to_lowercase().contains(&wanted);
    let results: Vec<_> =
        CATALOGUE.iter().filter(|item| says(item.title) || says(item.about)).collect();
    Json(json!({ "query": search.q, "count": results.len(), "results": results }))
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    user: String,
    password: String,
}

pub(crate) async fn login(Json(credentials): Json<Credentials>) -> (StatusCode, Json<Value>) {
    if credentials.user == "ada" && credentials.password == "notes" {
        (StatusCode::OK, Json(json!({ "user": credentials.user })))
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({ "error": "wrong user or password" })))
    }
}

/// Slow on purpose, as a report over a large table is: 200 to 400 ms, in a pattern that repeats.
pub(crate) async fn report(number: u64) -> Json<Value> {
    let took = Duration::from_millis(200 + number * 67 % 201);
    tokio::time::sleep(took).await;
    Json(json!({ "report": number, "took_ms": took.as_millis() as u64 }))
}

pub(crate) async fn feed() -> Json<[Item; 3]> {
    Json([CATALOGUE[7], CATALOGUE[2], CATALOGUE[5]])
}

/// The text of `GET /`, with commands for the server at `address`.
pub(crate) fn guide(address: SocketAddr) -> String {
    let base = format!("http://{}", reachable(address));
    format!(
        r#"tower-weir demo on {base}

  GET  /search?q=   results from a catalogue    for each address 10 a second and 100 a minute
  POST /login       user ada, password notes    for each address 10 failed ones a minute, 5 at once
  GET  /report      takes 200 to 400 ms         2 a second for all together
  GET  /feed        recent items                for each x-api-key 5 a second; without one, shared

Copy and paste:

# search until it is limited: 200s, then 429s
for i in $(seq 30); do curl -s -o /dev/null -w '%{{http_code}} ' '{base}/search?q=weir'; done; echo

# what every answer says (RateLimit, RateLimit-Policy)
curl -i '{base}/search?q=weir'

# log in as often as you like: 200s, for only failures count
for i in $(seq 10); do curl -s -o /dev/null -w '%{{http_code}} ' -H 'content-type: application/json' -d '{{"user":"ada","password":"notes"}}' '{base}/login'; done; echo

# guess passwords: five 401s, then a 429 with Retry-After and a problem document
for i in $(seq 6); do curl -i -H 'content-type: application/json' -d '{{"user":"ada","password":"'$i'"}}' '{base}/login'; echo; done

# reports share one limit, whoever asks: two 200s, then 429s
for i in $(seq 4); do curl -s -o /dev/null -w '%{{http_code}} ' '{base}/report' & done; wait; echo

# one key is limited, the other is not
for i in $(seq 12); do curl -s -o /dev/null -w '%{{http_code}} ' -H 'x-api-key: a' '{base}/feed'; done; curl -i -H 'x-api-key: b' '{base}/feed'
"#
    )
}

/// An address that is listened on as one that can be connected to.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
