use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    thread,
};

use pin_project::pin_project;

use super::{
    Outcome, Profile, cells::Sample, meters::OperationMeters, route::Shared, series::Series,
};
use crate::clock::Timestamp;

/// A named operation, such as a query or a call to another service: how often it is done, how long it takes and how often it
/// fails.
///
/// It is counted in the profile of the request for which the current thread is at work, so handlers need no handle. Where
/// there is none, as in a spawned task, it is counted in the [process's own](Profile::global); there, and wherever else that
/// is not meant, use [`Profile::operation`].
///
/// ```
/// use tower_weir::profile::operation;
///
/// # #[derive(Debug)] struct Error;
/// # async fn query(_: &str) -> Result<Vec<u32>, Error> { Ok(Vec::new()) }
/// async fn handler() -> Result<String, Error> {
///     // A future: failed if it is an `Err`.
///     let rows = operation("db.query").record_result(query("select …")).await?;
///     // Something that is not a future: until the end of the scope.
///     let _timer = operation("render").start();
///     Ok(format!("{rows:?}"))
/// }
/// ```
///
/// Names are the program's own words: at most so many are kept [as routes](Profile::capacity), and what comes later is counted
/// under `_other`.
pub fn operation(name: &str) -> Operation {
    Profile::current().unwrap_or_else(Profile::global).operation(name)
}

/// A named operation, to be done; made by [`operation`] and [`Profile::operation`].
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded yet"]
pub struct Operation(pub(super) Arc<OperationStats>);

/// What is known of an operation.
pub(super) struct OperationStats {
    pub(super) name: Arc<str>,
    pub(super) series: Series,
    meters: OperationMeters,
    shared: Arc<Shared>,
}

impl OperationStats {
    pub(super) fn new(name: &Arc<str>, shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(name),
            series: Series::new(shared, 0),
            meters: OperationMeters::default(),
            shared: Arc::clone(shared),
        })
    }
}

impl fmt::Debug for OperationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OperationStats").field(&self.name).finish()
    }
}

impl Operation {
    /// Measures `future` from its first poll to its end. It succeeds with whatever it returns, fails if it panics, and is
    /// cancelled if it is dropped before.
    pub fn record<F: Future>(self, future: F) -> Recorded<F, fn(&F::Output) -> bool> {
        let succeeds: fn(&F::Output) -> bool = |_| true;
        Recorded { future, operation: self, timer: None, succeeds }
    }

    /// As [`Operation::record`], but an `Err` is a failure.
    pub fn record_result<F, T, E>(self, future: F) -> Recorded<F, fn(&F::Output) -> bool>
    where
        F: Future<Output = Result<T, E>>,
    {
        Recorded { future, operation: self, timer: None, succeeds: Result::is_ok }
    }

    /// Measures until the timer is dropped.
    pub fn start(self) -> Timer {
        self.0.series.start();
        let started = self.0.shared.clock.now();
        Timer { stats: self.0, started, on_drop: Outcome::Ok }
    }
}

/// Measures an operation until it is dropped; made by [`Operation::start`].
///
/// Dropped by a panic it has failed, otherwise it has succeeded, unless [`Timer::fail`] said something else.
#[derive(Debug)]
#[must_use = "dropped at once it measures nothing"]
pub struct Timer {
    stats: Arc<OperationStats>,
    started: Timestamp,
    on_drop: Outcome,
}

impl Timer {
    /// Ends it as a failure.
    pub fn fail(mut self) {
        self.on_drop = Outcome::ServiceError;
    }

    /// Ends it as a failure or a success.
    pub fn end<T, E>(mut self, result: &Result<T, E>) {
        self.on_drop = if result.is_ok() { Outcome::Ok } else { Outcome::ServiceError };
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let outcome = match self.on_drop {
            Outcome::Ok if thread::panicking() => Outcome::Panic,
            outcome => outcome,
        };
        let now = self.stats.shared.clock.now();
        let latency = now.saturating_since(self.started);
        let sample = Sample {
            outcome,
            latency: latency.as_nanos() as u64,
            to_headers: None,
            request_bytes: 0,
            response_bytes: 0,
        };
        self.stats.series.end(now, &sample);
        let (label, at) = match outcome {
            Outcome::Ok => ("success", 0),
            Outcome::CancelledBeforeHeaders => ("cancelled", 2),
            _ => ("failure", 1),
        };
        self.stats.meters.duration(&self.stats.name, label, at).record(latency);
    }
}

/// The future of [`Operation::record`].
///
/// # Cancel safety
///
/// Dropping it drops the inner future, and counts the operation as cancelled if it has begun.
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct Recorded<F, J> {
    #[pin]
    future: F,
    operation: Operation,
    timer: Option<Timer>,
    succeeds: J,
}

impl<F, J> Future for Recorded<F, J>
where
    F: Future,
    J: Fn(&F::Output) -> bool,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let timer = this.timer.get_or_insert_with(|| this.operation.clone().start());
        timer.on_drop = Outcome::Panic;
        let polled = this.future.poll(cx);
        timer.on_drop = Outcome::CancelledBeforeHeaders;
        let output = ready!(polled);
        let succeeds = (this.succeeds)(&output);
        timer.on_drop = if succeeds { Outcome::Ok } else { Outcome::ServiceError };
        *this.timer = None;
        Poll::Ready(output)
    }
}

impl<F, J> fmt::Debug for Recorded<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("operation", &self.operation).finish_non_exhaustive()
    }
}
