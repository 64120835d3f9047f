use std::{fmt, io};

use metrics_exporter_prometheus::PrometheusHandle;

use super::{Endpoint, upkeep};

/// Reads what a Prometheus recorder has recorded: the `Handle` that [`install`](super::install) returns.
///
/// ```
/// use tower_weir::telemetry::prometheus;
///
/// let metrics = prometheus::install()?;
/// metrics::counter!("cakes_total").increment(3);
/// assert!(metrics.render().contains("\ncakes_total 3\n"));
/// # Ok::<(), prometheus::InstallError>(())
/// ```
///
/// Clones read the same recorder. A [`PrometheusHandle`] of your own becomes one by `Prometheus::from(handle)`.
#[derive(Clone)]
pub struct Prometheus(PrometheusHandle);

impl Prometheus {
    /// All metrics in Prometheus' text format, version 0.0.4.
    ///
    /// It takes about a millisecond for each thousand lines: see [`service`](Self::service).
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// A service that answers scrapes, for axum's `route_service`, for hyper, or for any other server of tower services.
    ///
    /// ```
    /// use hyper_util::service::TowerToHyperService;
    /// use tower_weir::telemetry::prometheus;
    ///
    /// let metrics = prometheus::install()?;
    /// let in_axum: axum::Router = axum::Router::new().route_service("/metrics", metrics.service());
    /// let in_hyper = TowerToHyperService::new(metrics.service());
    /// # Ok::<(), prometheus::InstallError>(())
    /// ```
    pub fn service(&self) -> Endpoint {
        Endpoint::new(self.clone())
    }

    /// Moves what histograms have collected into their buckets, which rendering does too.
    ///
    /// Each value that is recorded takes 16 bytes until then.
    pub fn run_upkeep(&self) {
        self.0.run_upkeep();
    }

    /// Runs [upkeep](Self::run_upkeep) each 5 s for as long as the process lives; for a recorder that was not installed by
    /// [`install`](super::install), which does so itself.
    ///
    /// A thread does it, so that neither a runtime is needed nor one that comes and goes can end it. The thread does not keep the
    /// process alive.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start_upkeep(&self) -> io::Result<()> {
        upkeep::start()?.of(self.0.clone());
        Ok(())
    }
}

impl From<PrometheusHandle> for Prometheus {
    fn from(handle: PrometheusHandle) -> Self {
        Self(handle)
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The recorder would print every series.
        f.write_str("Prometheus")
    }
}
