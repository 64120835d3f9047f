//! Latency profiling: how long requests take and what becomes of them, by route and method.
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use tower_weir::profile::{Profile, ProfileLayer, operation};
//!
//! let profile = Profile::new();
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(async || operation("db.user").record(user()).await))
//!     .route_service("/profile", profile.page()) // a table for curl, or JSON
//!     .layer(ProfileLayer::new(profile.clone()));
//!
//! println!("{profile}"); // the same table, at any time
//! # async fn user() -> &'static str { "ada" }
//! ```
//!
//! ```text
//! 18,204 requests since the start, 3 in flight now
//!
//! route            requests  per s    4xx  errors  now    sent     p50     p90     p99   p99.9     max  ┬10µs┬────┬1ms─┬10ms┬────┬1s──
//! GET /report           304   5.07          0.66%    2  97.3kB   302ms   391ms   803ms           1.21s                        ▁▃█▅▂▁▁
//! GET /users/{id}    17,900    298  1.12%      0%    1  1.97MB   412µs  1.13ms  4.61ms  12.8ms  21.0ms         ▁▃▆█▆▄▃▂▂▁▁
//! ```
//!
//! # What is measured
//!
//! A request is counted once, when the body of its response has ended or when it is dropped, so that the time is the one that the
//! client waited, and nobody who leaves is left out. It comes to one [`Outcome`]. A client that leaves, a body that fails, a
//! service that fails and one that panics are told apart, and from answers that are errors; of gRPC by the code, whether it
//! comes in the header or in the trailers. Requests that nobody reads to the end are no successes: they were given up.
//!
//! [`Profile`] has the numbers: since the beginning and in the last minute, five minutes and hour, with the
//! [slowest requests](Profile::slowest) one by one; also as metrics through the `metrics` facade, under the names that
//! OpenTelemetry has for them ([`names`](crate::telemetry::names)).
//!
//! # Names
//!
//! Clients choose paths, so a path is never a name. A route is named by its pattern: axum's, that of a
//! [table](ProfileLayer::routes), or the one that a [`RouteReporter`] tells. gRPC methods name themselves, but not before a
//! response has shown that there is such a method. All others are `_unmatched`, and methods that are not HTTP's own `_OTHER`. So
//! the number of routes is that of the program's own, and [capped](Profile::capacity) at that.
//!
//! # How it is counted
//!
//! In histograms whose buckets are log-linear (as in Gil Tene's HdrHistogram): 64 steps for each doubling, from 16 ns up, so
//! that a quantile is right within 0.8 % from 1 µs to any length. Each thread has cells of its own to count in, which it
//! alone writes: it adds by a load and a store, with no lock, no atomic addition and no cache line that another thread
//! writes to. Whoever reads adds the cells up. Windows are kept by what the cells have risen by in each slice of time, which
//! the first request of a slice takes over, so no task runs in the background.

mod cells;
mod current;
mod future;
mod handle;
mod histogram;
mod history;
mod layer;
mod meters;
mod operation;
mod outcome;
mod page;
mod pool;
mod recording;
mod reporter;
mod route;
mod series;
mod service;
mod slowest;
mod snapshot;
mod state;
mod table;
mod totals;
mod uploads;
mod writer;

pub use self::{
    future::ResponseFuture,
    handle::Profile,
    histogram::Histogram,
    history::Window,
    layer::ProfileLayer,
    operation::{Operation, Recorded, Timer, operation},
    outcome::Outcome,
    page::ProfilePage,
    recording::Recording,
    reporter::{ReportRoute, RouteReporter},
    service::Profiled,
    snapshot::{
        Exemplar, Latency, OperationSnapshot, OperationStats, Outcomes, RouteSnapshot, RouteStats,
        Snapshot,
    },
    uploads::{Announced, Counted, Upload, Uploads},
};
