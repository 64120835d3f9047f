//! Callers, each of which has one answer to wait for at a time.

use std::{
    convert::Infallible,
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tower_weir::{clock::Clock, error::BoxError};

/// What callers came to.
pub(crate) struct Measured<T> {
    /// From the first question to the last answer.
    pub(crate) took: Duration,
    pub(crate) answers: Vec<T>,
    /// How long each was waited for, ascending.
    pub(crate) latencies: Vec<Duration>,
}

impl<T> Measured<T> {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// The smallest that `percent` of the latencies do not exceed.
    pub(crate) fn quantile(&self, percent: usize) -> Duration {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// Has so many `callers` ask one question after the other, for about `duration`. `ask` is given a number that no other question
/// has.
///
/// # Errors
///
/// The first of any question's: then all end.
pub(crate) async fn measure<T, F>(
    name: &str,
    callers: u64,
    duration: Duration,
    ask: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Result<Measured<T>, BoxError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, BoxError>> + Send,
{
    let clock = Clock::system();
    let (start, asked) = (clock.now(), Arc::new(AtomicU64::new(0)));
    let end = start.saturating_add(duration);
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (ask, clock, asked) = (ask.clone(), clock.clone(), Arc::clone(&asked));
        tasks.spawn(async move {
            let (mut answers, mut latencies) = (Vec::new(), Vec::new());
            let mut now = clock.now();
            while now < end {
                answers.push(ask(asked.fetch_add(1, Ordering::Relaxed)).await?);
                let before = now;
                now = clock.now();
                latencies.push(now.saturating_since(before));
            }
            Ok::<_, BoxError>((answers, latencies))
        });
    }
    let mut all = Measured { took: Duration::ZERO, answers: Vec::new(), latencies: Vec::new() };
    let ended = async {
        while let Some(ended) = tasks.join_next().await {
            let (answers, latencies) = ended??;
            all.answers.extend(answers);
            all.latencies.extend(latencies);
        }
        Ok::<_, BoxError>(())
    };
    let ended = tokio::select! {
        ended = ended => ended,
        never = show(name, &asked) => match never {},
    };
    end_show();
    ended?;
    all.took = clock.now().saturating_since(start);
    all.latencies.sort_unstable();
    Ok(all)
}

/// Shows how far it is, in one line that is written over, if somebody watches.
async fn show(name: &str, asked: &AtomicU64) -> Infallible {
    let mut stderr = std::io::stderr();
    if !stderr.is_terminal() {
        return std::future::pending().await;
    }
    let mut ticks = interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let _ = write!(stderr, "\r{name}: {:<20}", asked.load(Ordering::Relaxed));
    }
}

/// Clears that line.
fn end_show() {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r{:50}\r", "");
    }
}
