//! Something that is asked the same again and again by many at once.

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

/// Answers one request, which has a number.
pub(crate) type Ask = Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    ask: Ask,
    asked: u64,
    took: Duration,
    times: Histogram<u64>,
}

impl Contestant {
    pub(crate) fn new<F>(name: &'static str, ask: impl Fn(u64) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ask: Ask = Arc::new(move |number| Box::pin(ask(number)));
        Self { name, ask, asked: 0, took: Duration::ZERO, times: histogram() }
    }

    /// Lets `askers` ask so many times in all, each waiting for its answer before it asks again.
    pub(crate) async fn turn(&mut self, askers: u64, times: u64) {
        let mut tasks = JoinSet::new();
        let first = self.asked;
        let start = Instant::now();
        for asker in 0..askers {
            let ask = Arc::clone(&self.ask);
            tasks.spawn(async move {
                let mut took = Vec::new();
                for number in (first + asker..first + times).step_by(askers as usize) {
                    let start = Instant::now();
                    ask(number).await;
                    took.push(start.elapsed());
                }
                took
            });
        }
        for took in tasks.join_all().await {
            for took in took {
                self.times.saturating_record(took.as_nanos() as u64);
            }
        }
        self.took += start.elapsed();
        self.asked += times;
    }

    /// Asks a few times, and forgets how long that took.
    pub(crate) async fn warm_up(&mut self) {
        self.turn(8, 800).await;
        (self.asked, self.took) = (0, Duration::ZERO);
        self.times.reset();
    }

    /// Answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.asked as f64 / self.took.as_secs_f64()
    }

    /// Microseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        micros(&self.times, quantile)
    }
}

pub(crate) fn histogram() -> Histogram<u64> {
    // 1 ns to 100 s in three digits.
    Histogram::new_with_bounds(1, 100_000_000_000, 3).expect("the bounds are in order")
}

/// Microseconds, of a histogram of nanoseconds.
pub(crate) fn micros(times: &Histogram<u64>, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1_000.0
}
