//! The signals, on the machine that runs the tests.

use std::{path::Path, time::Duration};

use tower_weir::{clock::Clock, load::*};

fn sample(signal: &mut impl LoadSignal) -> Option<f64> {
    signal.sample(&Tick::default())
}

#[test]
fn a_closure_is_a_signal() {
    let mut level = 0.0;
    let mut signal = Custom::new(String::from("level"), move || {
        level += 1.5;
        (level < 4.0).then_some(level)
    });
    assert_eq!(signal.name(), "level");
    assert!(!signal.needs_lateness());
    assert_eq!([(); 3].map(|()| sample(&mut signal)), [Some(1.5), Some(3.0), None]);
}

#[test]
fn a_boxed_signal_is_the_signal() {
    let mut signal: Box<dyn LoadSignal> = Box::new(SchedulingDelay);
    assert_eq!(signal.name(), "scheduling_delay");
    assert!(signal.needs_lateness());
    assert_eq!(sample(&mut signal), Some(0.0));
    assert_eq!(signal.sample(&Tick::late_by(Duration::from_millis(250))), Some(0.25));
}

#[test]
fn pressure_is_told_where_the_kernel_tells_it() {
    type Constructor = fn() -> Result<Pressure, tower_weir::error::ConfigError>;
    let all: [(Constructor, &str); 3] = [
        (Pressure::cpu, "cpu_pressure"),
        (Pressure::memory, "memory_pressure"),
        (Pressure::io, "io_pressure"),
    ];
    for (new, name) in all {
        let (clock, hand) = Clock::manual();
        match new() {
            Ok(signal) => {
                let mut signal = signal.clock(clock);
                assert_eq!(signal.name(), name);
                assert_eq!(sample(&mut signal), None, "it tells of the time between two samples");
                hand.advance(Duration::from_secs(1));
                assert!((0.0..=1.0).contains(&sample(&mut signal).unwrap()));
            }
            Err(error) => {
                assert!(!Path::new("/proc/pressure").exists(), "{error}");
                assert_eq!((error.field(), error.value()), ("load signal", name));
                assert!(error.allowed().contains("pressure"), "{error}");
            }
        }
    }
}

#[test]
fn the_run_queue_is_told_on_linux() {
    match RunQueue::new() {
        Ok(mut signal) => {
            assert_eq!(signal.name(), "run_queue");
            assert!(sample(&mut signal).unwrap() >= 0.0);
        }
        Err(error) => {
            assert!(!Path::new("/proc/loadavg").exists(), "{error}");
            assert_eq!(error.value(), "run_queue");
        }
    }
}

#[cfg(feature = "system-load")]
#[test]
fn processors_and_memory_are_shares() {
    let (mut cpu, mut memory) = (Cpu::new(), Memory::default());
    assert_eq!((&*cpu.name(), &*memory.name()), ("cpu", "memory"));
    assert_eq!(sample(&mut cpu), None, "it tells of the time between two samples");
    assert_eq!(sample(&mut cpu), None, "and of no shorter time than 200 ms");
    let in_use = sample(&mut memory).unwrap();
    assert!(in_use > 0.0 && in_use <= 1.0, "{in_use}");
}

#[test]
fn every_signal_can_be_handed_to_a_task() {
    fn check<S: LoadSignal + std::fmt::Debug>() {}
    check::<Pressure>();
    check::<RunQueue>();
    check::<SchedulingDelay>();
    check::<Custom<fn() -> Option<f64>>>();
    #[cfg(feature = "system-load")]
    {
        check::<Cpu>();
        check::<Memory>();
    }
}
