//! What the API does, knowing nothing of its guards.

use axum::{Json, extract::Query, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_weir::profile::operation;

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
    let scan = operation("search.scan").start();
    let says = |text: &str| text.to_lowercase().contains(&wanted);
    let results: Vec<_> =
        CATALOGUE.iter().filter(|item| says(item.title) || says(item.about)).collect();
    drop(scan);
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

pub(crate) async fn feed() -> Json<[Item; 3]> {
    Json([CATALOGUE[7], CATALOGUE[2], CATALOGUE[5]])
}
