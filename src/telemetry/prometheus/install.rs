use std::{
    error::Error,
    fmt, io,
    sync::{Mutex, PoisonError},
};

use metrics_exporter_prometheus::PrometheusBuilder;

use super::{
    Prometheus,
    buckets::{configure, configure_others},
    upkeep,
};
use crate::telemetry::names;

/// What was installed, once it was.
static INSTALLED: Mutex<Option<Prometheus>> = Mutex::new(None);

/// Installs a Prometheus recorder for the process, and returns the handle that it is read by.
///
/// ```
/// use tower_weir::telemetry::prometheus;
///
/// let metrics = prometheus::install()?;
/// let app: axum::Router = axum::Router::new().route_service("/metrics", metrics.service());
/// # Ok::<(), prometheus::InstallError>(())
/// ```
///
/// Call it before the first request is served, since layers resolve their metrics then. It may be called anywhere, also outside
/// of a runtime, and again: the second time it returns the same handle.
///
/// Histograms get [`DURATION_BUCKETS`](super::DURATION_BUCKETS), [`BYTE_BUCKETS`](super::BYTE_BUCKETS) or
/// [`COUNT_BUCKETS`](super::COUNT_BUCKETS) by their unit; so do those of your own whose names end in `_seconds` or `_bytes`.
/// All metrics of the layers are [described](crate::telemetry::names::describe). Each 5 s a thread moves what was recorded into
/// the buckets, so that memory stays flat while nobody scrapes.
///
/// # Errors
///
/// If another recorder is installed already: it receives what the layers tell, and there can be only one. Or if the system gives
/// no thread. Nothing is changed then.
pub fn install() -> Result<Prometheus, InstallError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(prometheus) = &*installed {
        return Ok(prometheus.clone());
    }
    // What can fail comes first: a recorder that is installed stays so.
    let upkeep = upkeep::start().map_err(InstallError::Upkeep)?;
    let recorder = configure(configure_others(PrometheusBuilder::new())).build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, names::describe);
    metrics::set_global_recorder(recorder).map_err(|_| InstallError::AnotherRecorder)?;
    upkeep.of(handle.clone());
    Ok(installed.insert(Prometheus::from(handle)).clone())
}

/// Why no recorder was installed.
#[derive(Debug)]
#[non_exhaustive]
pub enum InstallError {
    /// The process has a recorder already.
    AnotherRecorder,
    /// The system gave no thread for upkeep.
    Upkeep(io::Error),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherRecorder => f.write_str(
                "another metrics recorder is installed already, and the layers' metrics go to that one: serve its endpoint; if \
                 it is a `PrometheusRecorder`, make one of its handle by `Prometheus::from(handle).service()`",
            ),
            Self::Upkeep(error) => {
                write!(f, "the thread that runs the recorder's upkeep cannot be started: {error}")
            }
        }
    }
}

impl Error for InstallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::AnotherRecorder => None,
            Self::Upkeep(error) => Some(error),
        }
    }
}
