use std::borrow::Cow;

use super::{LoadSignal, Ramp, Tick};

/// How late a timer of the tokio runtime fired, in seconds: the most since the last sample.
///
/// That is how long a task that is ready waits before it runs. So it sees what no file of the system tells: a handler that
/// blocks, or more tasks than the runtime's threads can serve, while the rest of the machine is idle. Timers of tokio go by
/// milliseconds; 1 ms is no delay.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchedulingDelay;

impl SchedulingDelay {
    /// Thresholds to start from: 20 ms to 200 ms.
    pub const SUGGESTED: Ramp = Ramp::new(0.02, 0.2);
}

impl LoadSignal for SchedulingDelay {
    fn name(&self) -> Cow<'static, str> {
        "scheduling_delay".into()
    }

    fn sample(&mut self, tick: &Tick) -> Option<f64> {
        Some(tick.late_by.as_secs_f64())
    }

    fn needs_lateness(&self) -> bool {
        true
    }
}
