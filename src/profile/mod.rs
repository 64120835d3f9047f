//! Latency profiling: how long requests take and what becomes of them, by route and method.

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
mod recording;
mod reporter;
mod route;
mod series;
mod service;
mod slowest;
mod snapshot;
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
