//! Latency profiling in axum, over a socket.

mod bodies;
#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../support/counted.rs"]
mod counted;
mod failures;
mod operations;
mod page;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/raw.rs"]
mod raw;
mod routes;
mod series;
#[path = "../support/until.rs"]
mod until;

use std::net::SocketAddr;

use axum::Router;
use client::{Http, Server, listen};
use counted::{in_flight, of, settled};
use http_body_util::Empty;
use tower_weir::{
    clock::{Clock, ManualClock},
    profile::{Profile, ProfileLayer},
};
use until::until;

async fn serve(app: Router) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    (addr, Server::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

/// A profile with a clock that stands, the hand of that, and a layer that counts there.
fn profile() -> (Profile, ManualClock, ProfileLayer) {
    let (clock, hand) = Clock::manual();
    let profile = Profile::new().clock(clock);
    (profile.clone(), hand, ProfileLayer::new(profile))
}

/// The layer around the Router, where axum does not say which route it took.
fn around(app: Router, layer: ProfileLayer) -> Router {
    Router::new().fallback_service(app).layer(layer)
}

async fn fine() -> &'static str {
    "fine"
}

fn request(method: &str, path: &str) -> http::Request<Empty<bytes::Bytes>> {
    http::Request::builder().method(method).uri(path).body(Empty::new()).unwrap()
}
