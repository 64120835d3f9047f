//! Limits on concurrency: their arithmetic, and what they make of an overload.

#[path = "../support/overload/mod.rs"]
mod overload;

mod aimd;
mod any;
mod fixed;
mod gradient2;
mod peers;
mod settings;
mod simulated;
mod vegas;
mod verified_gradient;
mod windowed;

use std::time::Duration;

use tower_weir::{
    clock::Timestamp,
    concurrency::{Limit, Sample},
    verdict::Verdict,
};

/// An answer after so many milliseconds, `now` milliseconds after an hour.
fn sample(now: u64, rtt: u64, in_flight: usize, verdict: Verdict) -> Sample {
    let now = Timestamp::from_nanos((3_600_000 + now) * 1_000_000);
    Sample { now, rtt: Duration::from_millis(rtt), in_flight, verdict }
}

/// So many successes, each a millisecond after the other and with the limit reached.
fn answers(limit: &mut impl Limit, from: u64, count: u64, rtt: u64) -> usize {
    for now in from..from + count {
        limit.on_sample(&sample(now, rtt, limit.limit(), Verdict::Success));
    }
    limit.limit()
}
