//! Metrics of an axum service for Prometheus to scrape: how long requests take, what became of them, and what a limit decided.
//!
//! ```sh
//! cargo run --example prometheus --features axum,prometheus    # on 127.0.0.1:3003, or the address that follows `--`
//! ```
//!
//! ```sh
//! # two searches a second for each client
//! for i in $(seq 4); do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3003/search; done; echo
//! # 200 200 429 429
//!
//! # what Prometheus sees of them
//! curl -s http://127.0.0.1:3003/metrics | grep -E '^weir.*decisions.* [1-9]'
//! # weir_rate_limit_decisions_total{limit="default",policy="_all",outcome="allowed"} 2
//! # weir_rate_limit_decisions_total{limit="default",policy="second",outcome="limited"} 2
//!
//! # requests by route, never by path, and operations inside of handlers
//! for i in $(seq 9); do curl -s -o /dev/null http://127.0.0.1:3003/users/$i; done
//! curl -s http://127.0.0.1:3003/metrics | grep -E 'duration_seconds_count.*(users|operation)'
//! # http_server_request_duration_seconds_count{http_route="/users/{id}",http_request_method="GET",…,outcome="ok"} 9
//! # weir_operation_duration_seconds_count{operation="db.user",outcome="success"} 9
//! ```
//!
//! For graphs, let Prometheus scrape it and import `examples/grafana/tower-weir.json` into Grafana (Dashboards, New, Import):
//!
//! ```yaml
//! scrape_configs:
//!   - job_name: api
//!     static_configs:
//!       - targets: ["127.0.0.1:3003"]
//! ```

use std::{error::Error, net::SocketAddr};

use axum::{Router, extract::Path, routing::get};
use tokio::net::TcpListener;
use tower_weir::{
    key::PeerIp,
    profile::{Profile, ProfileLayer, operation},
    rate_limit::{Quota, RateLimitLayer},
    telemetry::prometheus::{self, Prometheus},
};

fn app(metrics: &Prometheus) -> Router {
    let searches = RateLimitLayer::new(Quota::per_second(2)).key(PeerIp);
    Router::new()
        .route("/", get(async || "try /search, /users/7 and /metrics\n"))
        .route("/users/{id}", get(user))
        .route("/search", get(async || "found\n").layer(searches))
        .layer(ProfileLayer::new(Profile::new()))
        // After the layer, which so leaves scrapes out.
        .route_service("/metrics", metrics.service())
}

async fn user(Path(id): Path<u64>) -> String {
    operation("db.user").record(async { format!("user {id}\n") }).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // First, so that the layers find it at their first request.
    let metrics = prometheus::install()?;

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3003".to_owned());
    let listener =
        TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    // This is what lets `PeerIp` know who is asking.
    let app = app(&metrics).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}
