//! What cannot work is refused, with what is wrong with it.

use tower_weir::error::ConfigError;

use super::*;

#[track_caller]
fn refused<T>(made: Result<T, ConfigError>, message: &str) {
    let Err(error) = made else { panic!("it was made") };
    assert_eq!(error.to_string(), message);
}

#[test]
fn windows() {
    let ten = Duration::from_secs(10);
    refused(Window::by_time(Duration::ZERO, 20), "invalid window `0ns`: 1 ms or longer");
    refused(Window::by_time(ten, 0), "invalid minimum of calls `0`: 1 or more");
    refused(Window::by_count(0, 1), "invalid window `0`: 1 to 100000 calls");
    refused(Window::by_count(100_001, 1), "invalid window `100001`: 1 to 100000 calls");
    refused(
        Window::by_count(10, 0),
        "invalid minimum of calls `0`: 1 to 10, which is all of the window",
    );
    refused(
        Window::by_count(10, 11),
        "invalid minimum of calls `11`: 1 to 10, which is all of the window",
    );
    assert!(Window::by_time(Duration::MAX, u32::MAX).is_ok());
}

#[test]
fn shares() {
    for (share, text) in [(0.0, "0"), (-0.5, "-0.5"), (1.01, "1.01"), (f64::NAN, "NaN")] {
        let message = format!("invalid failure share `{text}`: above 0, and 1 at most");
        refused(breaker().failure_share(share), &message);
        let message = format!("invalid slow call share `{text}`: above 0, and 1 at most");
        refused(breaker().slow_calls(Duration::from_secs(1), share), &message);
    }
    refused(breaker().jitter(1.5), "invalid jitter `1.5`: 0 to 1");
    refused(breaker().jitter(f64::NAN), "invalid jitter `NaN`: 0 to 1");
    assert!(breaker().failure_share(1.0).is_ok() && breaker().jitter(1.0).is_ok());
}

#[test]
fn times() {
    let seconds = Duration::from_secs;
    let zero = Duration::ZERO;
    refused(
        breaker().slow_calls(zero, 0.5),
        "invalid slow call duration `0ns`: longer than nothing",
    );
    refused(breaker().probe_timeout(zero), "invalid probe timeout `0ns`: longer than nothing");
    refused(breaker().open_for(zero, seconds(60)), "invalid open time `0ns`: longer than nothing");
    refused(
        breaker().open_for(seconds(61), seconds(60)),
        "invalid open time `61s`: 60s, which is the longest, or less",
    );
    assert!(breaker().open_for(seconds(60), seconds(60)).is_ok());
}

#[test]
fn numbers() {
    refused(breaker().probes(1, 0), "invalid number of probes `0`: 1 to 1000");
    refused(breaker().probes(0, 5), "invalid required probes `0`: 1 to 5");
    refused(breaker().probes(6, 5), "invalid required probes `6`: 1 to 5");
    refused(breaker().concurrent_probes(0), "invalid concurrent probes `0`: 1 to 1000");
    refused(breaker().max_keys(0), "invalid number of keys `0`: 1 or more");
}
