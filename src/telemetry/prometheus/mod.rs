//! A Prometheus recorder for the process, and the `/metrics` endpoint that it is scraped by.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_weir::telemetry::prometheus;
//!
//! let metrics = prometheus::install()?; // before the first request is served
//! let app: Router = Router::new()
//!     .route("/", get(async || "fine"))
//!     .route_service("/metrics", metrics.service());
//! # Ok::<(), prometheus::InstallError>(())
//! ```
//!
//! Nothing is installed unless [`install`] is called, and no port is bound: the endpoint is a route of your own server, or the
//! only one of a second server that the public cannot reach. Where the recorder is a [`PrometheusBuilder`]'s of your own, with
//! labels for all metrics or wrapped by another recorder, [`configure`] gives it our buckets and [`Prometheus::from`] makes
//! an endpoint of its handle.
//!
//! [`PrometheusBuilder`]: metrics_exporter_prometheus::PrometheusBuilder

mod buckets;
mod endpoint;
mod handle;
mod install;
mod upkeep;

pub use self::{
    buckets::{BYTE_BUCKETS, COUNT_BUCKETS, DURATION_BUCKETS, configure},
    endpoint::Endpoint,
    handle::Prometheus,
    install::{InstallError, install},
};
