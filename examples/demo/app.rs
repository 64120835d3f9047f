//! The routes and what guards each of them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::HeaderName,
    middleware::{Next, from_fn},
    response::Response,
    routing::{get, post},
};
use tower_weir::{
    key::{Header, PeerIp},
    rate_limit::{Policy, Quota, RateLimitLayer},
};

use crate::api;

const SEARCH_BURST: Policy = Policy::new("burst", Quota::per_second(10));
const SEARCH_SUSTAINED: Policy = Policy::new("sustained", Quota::per_minute(100));
const LOGIN: Policy = Policy::new("failures", Quota::per_minute(10).burst(5));
const REPORT: Policy = Policy::new("reports", Quota::per_second(2));
const FEED: Policy = Policy::new("feed", Quota::per_second(5));

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The whole service. More layers join a route as a tuple, the first being the outermost.
pub(crate) fn app(guide: String) -> Router {
    let search_limit =
        RateLimitLayer::new(SEARCH_BURST).and(SEARCH_SUSTAINED).key(PeerIp).named("search");
    let login_limit = RateLimitLayer::new(LOGIN)
        .key(PeerIp)
        .charge_on(|served| u32::from(!served.is_success()))
        .named("login");
    let report_limit = RateLimitLayer::new(REPORT).named("report");
    let feed_limit = RateLimitLayer::new(FEED).key(Header(X_API_KEY)).named("feed");

    let guide = Arc::<str>::from(guide);
    let reports = Arc::new(AtomicU64::new(1));
    let next_report = async move || api::report(reports.fetch_add(1, Ordering::Relaxed)).await;
    Router::new()
        .route("/", get(async move || guide.to_string()))
        .route("/search", get(api::search).layer(search_limit))
        .route("/login", post(api::login).layer(login_limit))
        .route("/report", get(next_report).layer(report_limit))
        .route("/feed", get(api::feed).layer(feed_limit))
        .layer(from_fn(peer_address))
}

/// Passes the peer's address on in the form that needs no feature of tower-weir. With the feature `axum` this is not
/// needed: `PeerIp` reads `ConnectInfo` then.
async fn peer_address(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(peer);
    next.run(request).await
}
