use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{Interval, MissedTickBehavior},
};

use super::{LoadReport, Tick, Watch};
use crate::clock::runtime_now;

/// The least often that the lateness of timers is measured, where a signal wants to know it.
const LATENESS_TICK: Duration = Duration::from_millis(250);

/// Samples a [`Watch`] once in each period, in a task on the current runtime. Dropping it ends the task.
///
/// The task does not keep a runtime alive. If its runtime goes away, it [is finished](Sampler::is_finished), and another can
/// be started with the same watch.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// `None` where the runtime has no timers.
    task: Option<AbortHandle>,
}

impl Sampler {
    /// Samples at once and then in each period, and hands each report to `tell`; `None` if no runtime is running here.
    ///
    /// `tell` must not own the sampler, or neither would ever be dropped.
    pub(crate) fn start(
        watch: Arc<Mutex<Watch>>,
        period: Duration,
        tell: impl FnMut(&LoadReport<'_>) + Send + 'static,
    ) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        let needs_lateness = locked(&watch, |watch| watch.needs_lateness());
        // Equal parts of the period.
        let parts = period.as_nanos().div_ceil(LATENESS_TICK.as_nanos());
        let parts =
            if needs_lateness { u32::try_from(parts).unwrap_or(u32::MAX).max(1) } else { 1 };
        // Timers go by milliseconds, and no interval may be zero.
        let step = (period / parts).max(Duration::from_millis(1));
        // Nothing else tells whether a runtime has timers.
        let timer = catch_unwind(AssertUnwindSafe(|| tokio::time::interval(step)));
        let Ok(mut timer) = timer else {
            tracing::warn!(
                "the load is not sampled, as this tokio runtime has no timers: build it with `enable_time` or `enable_all`"
            );
            return Some(Self { task: None });
        };
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let task = runtime.spawn(sample_forever(watch, timer, period, tell));
        Some(Self { task: Some(task.abort_handle()) })
    }

    /// Whether nothing is sampled any more, as the runtime has gone. Never so where the runtime has no timers, since starting
    /// anew would not help.
    pub(crate) fn is_finished(&self) -> bool {
        self.task.as_ref().is_some_and(AbortHandle::is_finished)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn sample_forever(
    watch: Arc<Mutex<Watch>>,
    mut timer: Interval,
    period: Duration,
    mut tell: impl FnMut(&LoadReport<'_>),
) {
    // Ticks are counted by time, not by number: when all of them are late, samples must not become rare as well. A tick that
    // is a little early is the one that was meant.
    let slack = timer.period() / 2;
    let mut due = runtime_now();
    let mut late_by = Duration::ZERO;
    loop {
        let scheduled = timer.tick().await;
        let now = runtime_now();
        late_by = late_by.max(now.saturating_duration_since(scheduled));
        if now + slack < due {
            continue;
        }
        due = now + period;
        let tick = Tick::late_by(std::mem::take(&mut late_by));
        // In place: the files that signals read are made up by the kernel in memory, in less time than it takes to hand work to
        // a blocking thread and back.
        locked(&watch, |watch| tell(&watch.sample(&tick)));
    }
}

fn locked<T>(watch: &Mutex<Watch>, act: impl FnOnce(&mut Watch) -> T) -> T {
    act(&mut watch.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use tokio::{
        runtime::Builder,
        task::yield_now,
        time::{Instant, advance, sleep},
    };

    use super::*;
    use crate::load::{Custom, LoadSignal, Ramp, SchedulingDelay};

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn watch(signal: impl LoadSignal, ramp: Ramp) -> Arc<Mutex<Watch>> {
        let mut watch = Watch::new(0.0);
        watch.add(Box::new(signal), ramp);
        Arc::new(Mutex::new(watch))
    }

    fn half() -> Arc<Mutex<Watch>> {
        watch(Custom::new("half", || Some(0.5)), Ramp::new(0.0, 1.0))
    }

    /// A sampler, and the time, load and multiplier of each of its reports.
    fn started(
        watch: Arc<Mutex<Watch>>,
        period: Duration,
    ) -> (Sampler, Receiver<(Instant, Option<f64>, f64)>) {
        let (sender, reports) = channel();
        let sampler = Sampler::start(watch, period, move |report| {
            let report = (runtime_now(), report.readings[0].load, report.multiplier);
            sender.send(report).unwrap();
        });
        (sampler.unwrap(), reports)
    }

    #[tokio::test(start_paused = true)]
    async fn samples_at_once_and_then_in_each_period() {
        let begin = runtime_now();
        let (_sampler, reports) = started(half(), SECOND);
        sleep(millis(3_500)).await;
        let reports: Vec<_> = reports.try_iter().collect();
        assert!(reports.iter().all(|report| (report.1, report.2) == (Some(0.5), 0.5)));
        let times: Vec<_> = reports.iter().map(|report| report.0 - begin).collect();
        assert_eq!(times, [0, 1, 2, 3].map(Duration::from_secs));
    }

    #[tokio::test(start_paused = true)]
    async fn measuring_lateness_changes_no_period() {
        let begin = runtime_now();
        let delay = watch(SchedulingDelay, SchedulingDelay::SUGGESTED);
        let (_sampler, reports) = started(delay, millis(250));
        sleep(millis(1_010)).await;
        let times: Vec<_> = reports.try_iter().map(|report| report.0 - begin).collect();
        assert_eq!(times.len(), 5, "{times:?}");
        // Three ticks each; they are rounded up to milliseconds.
        for (nth, time) in (0..).zip(times) {
            assert!((250 * nth..=250 * nth + 1).contains(&(time.as_millis() as u64)), "{time:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_timer_of_a_period_is_told() {
        let delay = watch(SchedulingDelay, SchedulingDelay::SUGGESTED);
        let (_sampler, reports) = started(delay, SECOND);
        sleep(millis(450)).await;
        assert_eq!(reports.try_recv().unwrap().1, Some(0.0));
        // As if all threads had been kept from the timers since: the tick at 500 ms comes at 580 ms.
        advance(millis(130)).await;
        yield_now().await;
        sleep(millis(700)).await;
        let (_, load, multiplier) = reports.try_recv().unwrap();
        assert_eq!(load, Some(0.08));
        assert!((multiplier - (1.0 - 60.0 / 180.0)).abs() < 1e-9, "{multiplier}");
        sleep(SECOND).await;
        assert_eq!(reports.try_recv().unwrap().1, Some(0.0), "it is over");
        assert!(reports.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn samples_stay_frequent_when_every_tick_is_late() {
        let delay = watch(SchedulingDelay, SchedulingDelay::SUGGESTED);
        let (_sampler, reports) = started(delay, SECOND);
        yield_now().await;
        for _ in 0..10 {
            advance(millis(900)).await;
            yield_now().await;
        }
        let loads: Vec<_> = reports.try_iter().map(|report| report.1.unwrap()).collect();
        // After 9 s in ten ticks.
        assert!(loads.len() >= 5, "{loads:?}");
        assert!(loads[1..].iter().all(|load| *load >= 0.6), "{loads:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_it_ends_the_task() {
        let watch = half();
        let (sampler, reports) = started(Arc::clone(&watch), SECOND);
        sleep(millis(1_500)).await;
        assert!(!sampler.is_finished());
        assert_eq!(reports.try_iter().count(), 2);
        drop(sampler);
        yield_now().await;
        assert_eq!(Arc::strong_count(&watch), 1, "the task has let go of it");
        sleep(10 * SECOND).await;
        assert_eq!(reports.try_iter().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_that_panics_does_not_end_the_task() {
        let faulty = watch(Custom::new("faulty", || panic!("on purpose")), Ramp::new(0.0, 1.0));
        let (sampler, reports) = started(faulty, SECOND);
        sleep(millis(2_500)).await;
        assert!(!sampler.is_finished());
        let reports: Vec<_> = reports.try_iter().map(|report| (report.1, report.2)).collect();
        assert_eq!(reports, [(None, 1.0); 3]);
    }

    #[test]
    fn without_a_runtime_there_is_none() {
        assert!(Sampler::start(half(), SECOND, |_| {}).is_none());
    }

    #[test]
    fn without_timers_nothing_is_sampled_and_nothing_breaks() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let sampler = runtime.block_on(async { Sampler::start(half(), SECOND, |_| {}) });
        assert!(!sampler.unwrap().is_finished(), "or it would be started again and again");
    }

    #[test]
    fn another_is_started_when_the_runtime_has_gone() {
        let watch = half();
        let mut samplers = Vec::new();
        for _ in 0..2 {
            let mut runtime = Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().unwrap();
            let (sampler, reports) =
                runtime.block_on(async { started(Arc::clone(&watch), SECOND) });
            runtime.block_on(async { sleep(millis(10)).await });
            assert_eq!(reports.try_iter().count(), 1);
            assert!(!sampler.is_finished());
            drop(runtime);
            assert!(sampler.is_finished());
            samplers.push(sampler);
        }
    }
}
