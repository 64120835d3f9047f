//! What it takes to sample the load of the machine, on this machine and in real time.

use std::{convert::Infallible, fs, time::Duration};

use http::{Request, Response};
use http_body_util::Empty;
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};
#[cfg(feature = "system-load")]
use tower_weir::load::{Cpu, Memory};
use tower_weir::{
    load::{Pressure, RunQueue, SchedulingDelay},
    rate_limit::{Adaptive, Quota, RateLimitLayer},
};

use crate::report::{Figure, Table};

/// The most that it may take of one core.
const GOAL: f64 = 0.1;

/// Measures for so many seconds, in which there are as many samples.
pub(crate) fn measure(seconds: u32) -> (Table, Vec<Figure>) {
    let (adaptive, signals) = all_signals();
    let mut table = Table {
        name: "the sampler",
        about: format!("one sample a second for {seconds} s, of {}", signals.join(", ")),
        head: vec!["", "unit", "goal", ""],
        rows: Vec::new(),
    };
    let Some(cpu) = cpu_time_of(adaptive, seconds) else {
        table.rows.push(vec!["skipped: only Linux tells a thread's CPU time (schedstat)".into()]);
        return (table, Vec::new());
    };
    let micros = cpu as f64 / 1e3 / f64::from(seconds);
    let name = |what: &str| format!("the sampler: {what}");
    let share = Figure::new(name("share of one core"), "%", micros / 1e6 * 100.0).at_most(GOAL);
    let met = if share.met() == Some(true) { "✓" } else { "✗" };
    let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    table.rows = vec![
        row(["CPU time of a sample", &format!("{micros:.0}"), "µs", "", ""]),
        row([
            "share of one core",
            &format!("{:.4}", micros / 1e6 * 100.0),
            "%",
            &share.goal().unwrap_or_default(),
            met,
        ]),
    ];
    (table, vec![Figure::new(name("CPU time of a sample"), "µs", micros), share])
}

/// All that this machine has.
fn all_signals() -> (Adaptive, Vec<&'static str>) {
    let mut adaptive = Adaptive::new().load(SchedulingDelay, SchedulingDelay::SUGGESTED);
    let mut names = vec!["timers"];
    #[cfg(feature = "system-load")]
    {
        adaptive = adaptive.load(Cpu::new(), Cpu::SUGGESTED).load(Memory::new(), Memory::SUGGESTED);
        names.extend(["processors", "memory"]);
    }
    let pressures = [
        (Pressure::cpu(), Pressure::SUGGESTED_CPU, "pressure on processors"),
        (Pressure::memory(), Pressure::SUGGESTED_MEMORY, "on memory"),
        (Pressure::io(), Pressure::SUGGESTED_IO, "on input and output"),
    ];
    for (pressure, ramp, name) in pressures {
        if let Ok(pressure) = pressure {
            adaptive = adaptive.load(pressure, ramp);
            names.push(name);
        }
    }
    if let Ok(queue) = RunQueue::new() {
        adaptive = adaptive.load(queue, RunQueue::SUGGESTED);
        names.push("run queue");
    }
    (adaptive, names)
}

/// Nanoseconds that this thread computes while nothing but the sampler runs on it; `None` where nothing tells.
fn cpu_time_of(adaptive: Adaptive, seconds: u32) -> Option<u64> {
    cpu_time()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime can be built").block_on(async {
        let layer = RateLimitLayer::new(Quota::per_second(1)).adaptive(adaptive);
        let fine = async |_: Request<()>| Ok::<_, Infallible>(Response::new(Empty::<&[u8]>::new()));
        let service = layer.layer(service_fn(fine));
        // Starts the sampler, which samples at once.
        let answer = service.oneshot(Request::new(())).await;
        assert!(answer.is_ok(), "the service is infallible");
        // Half a period from any sample.
        sleep(Duration::from_millis(500)).await;
        let before = cpu_time()?;
        sleep(Duration::from_secs(seconds.into())).await;
        Some(cpu_time()? - before)
    })
}

/// That of this thread so far, up to when it last slept.
fn cpu_time() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
