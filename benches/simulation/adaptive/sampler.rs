//! What it takes to sample the load of the machine, on this machine and in real time.

use std::{convert::Infallible, fs, time::Duration};

use http::{Request, Response};
use http_body_util::Empty;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};
#[cfg(feature = "system-load")]
use tower_weir::load::{Cpu, Memory};
use tower_weir::{
    load::{Pressure, RunQueue, SchedulingDelay},
    rate_limit::{Adaptive, Quota, RateLimitLayer},
};

use crate::report::{Figure, Table};

/// The most that it may take of one core.
const GOAL: f64 = 0.1;

/// Measures each of some choices of signals for so many seconds, in which there are as many samples.
pub(crate) fn measure(seconds: u32) -> (Table, Vec<Figure>) {
    let mut table = Table {
        name: "the sampler",
        about: format!(
            "CPU time at one sample a second: the median of {seconds} seconds of real time"
        ),
        head: vec!["µs a second", "of one core", "goal", ""],
        rows: Vec::new(),
    };
    let mut figures = Vec::new();
    let choices: [(_, fn() -> Adaptive); 3] = [
        ("all signals", || with_timers(with_files(Adaptive::new()))),
        ("all but the lateness of timers", || with_files(Adaptive::new())),
        ("the lateness of timers alone", || with_timers(Adaptive::new())),
    ];
    for (name, adaptive) in choices {
        let Some(cpu) = cpu_time_of(adaptive(), seconds) else {
            table.rows.push(vec!["skipped: only Linux tells a thread's CPU time".to_owned()]);
            break;
        };
        let micros = cpu as f64 / 1e3;
        let percent = micros / 1e6 * 100.0;
        let share = Figure::new(format!("the sampler: {name}"), "% of a core", percent);
        let share = share.at_most(GOAL);
        let met = if share.met() == Some(true) { "✓" } else { "✗" };
        table.rows.push(vec![
            name.to_owned(),
            format!("{micros:.0}"),
            format!("{percent:.4} %"),
            format!("<= {GOAL} %"),
            met.to_owned(),
        ]);
        figures.push(share);
    }
    (table, figures)
}

fn with_timers(adaptive: Adaptive) -> Adaptive {
    adaptive.load(SchedulingDelay, SchedulingDelay::SUGGESTED)
}

/// What this machine's files tell.
fn with_files(mut adaptive: Adaptive) -> Adaptive {
    #[cfg(feature = "system-load")]
    {
        adaptive = adaptive.load(Cpu::new(), Cpu::SUGGESTED).load(Memory::new(), Memory::SUGGESTED);
    }
    let pressures = [
        (Pressure::cpu(), Pressure::SUGGESTED_CPU),
        (Pressure::memory(), Pressure::SUGGESTED_MEMORY),
        (Pressure::io(), Pressure::SUGGESTED_IO),
    ];
    for (pressure, ramp) in pressures {
        if let Ok(pressure) = pressure {
            adaptive = adaptive.load(pressure, ramp);
        }
    }
    match RunQueue::new() {
        Ok(queue) => adaptive.load(queue, RunQueue::SUGGESTED),
        Err(_) => adaptive,
    }
}

/// Nanoseconds that this thread computes in a second while nothing but the sampler runs on it: the median of so many, as
/// others may disturb some. `None` where nothing tells.
fn cpu_time_of(adaptive: Adaptive, seconds: u32) -> Option<u64> {
    cpu_time()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime can be built").block_on(async {
        let layer = RateLimitLayer::new(Quota::per_second(1)).adaptive(adaptive);
        let fine = async |_: Request<()>| Ok::<_, Infallible>(Response::new(Empty::<&[u8]>::new()));
        let mut service = layer.layer(service_fn(fine));
        // Starts the sampler, which samples at once, and ends with the service.
        let answer = service.ready().await.expect("it is infallible").call(Request::new(())).await;
        assert!(answer.is_ok(), "it is infallible");
        // Half a period from any sample.
        sleep(Duration::from_millis(500)).await;
        let mut times = Vec::new();
        for _ in 0..seconds {
            let before = cpu_time()?;
            sleep(Duration::from_secs(1)).await;
            times.push(cpu_time()? - before);
        }
        times.sort_unstable();
        Some(times[times.len() / 2])
    })
}

/// That of this thread so far, up to when it last slept.
fn cpu_time() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
