//! Recording by itself, without HTTP.

use std::{hint::black_box, time::Duration};

use hdrhistogram::Histogram;
use metrics::histogram;
use tower_weir::{
    clock::Clock,
    profile::{self, Operation, Profile},
};
use tower_weir_peers::{Case, Figures, Group, Recorder, Row, Section, timed, walk};

use crate::{layers::beyond_bare, samples::Shape};

pub(crate) fn group() -> Group {
    Group {
        name: "recording",
        batch: Duration::from_micros(50),
        rounds: 6_000,
        cases: vec![
            Case::each("record:bare", || {
                let mut samples = samples();
                move || {
                    black_box(samples());
                }
            }),
            Case::each("record:hdrhistogram", || {
                let (mut samples, mut histogram) = (samples(), hdr());
                move || black_box(&mut histogram).record(samples()).expect("it is in the bounds")
            }),
            Case::each("record:histogram", || {
                let (mut samples, mut histogram) = (samples(), profile::Histogram::default());
                move || black_box(&mut histogram).record(Duration::from_nanos(samples()))
            }),
            Case::new("record:metrics", || {
                let mut samples = samples();
                let told = Recorder::Prometheus.during(|| histogram!("recorded"));
                move |times| {
                    let took = timed(|| {
                        for _ in 0..times {
                            black_box(&told).record(samples() as f64);
                        }
                    });
                    Recorder::Prometheus.upkeep();
                    took
                }
            }),
            Case::each("operation:bare", || {
                let (mut samples, (_, hand)) = (samples(), Clock::manual());
                move || hand.advance(Duration::from_nanos(samples()))
            }),
            Case::each("operation:ours", || {
                let (mut samples, (clock, hand)) = (samples(), Clock::manual());
                let operation = begun(&Profile::new().clock(clock));
                move || {
                    let timer = black_box(&operation).clone().start();
                    hand.advance(Duration::from_nanos(samples()));
                    drop(timer);
                }
            }),
            Case::each("timer:ours", || {
                let operation = begun(&Profile::new());
                move || drop(black_box(&operation).clone().start())
            }),
            Case::each("clock:ours", || {
                let clock = Clock::system();
                move || {
                    black_box(clock.now());
                }
            }),
        ],
    }
}

/// One that was done once, so that nothing is left to be made.
fn begun(profile: &Profile) -> Operation {
    let operation = profile.operation("it");
    Recorder::None.during(|| drop(operation.clone().start()));
    operation
}

/// Those of a fast service, so that few of them make up the 5 s after which windows are turned.
fn samples() -> impl FnMut() -> u64 {
    let samples: Vec<_> =
        Shape::LogNormal.samples().map(|nanos| nanos / 100).take(1 << 16).collect();
    let mut samples = walk(&samples);
    move || samples.next().expect("a walk is endless")
}

/// As exact as ours, up to an hour.
pub(crate) fn hdr() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 2).expect("its bounds are in order")
}

pub(crate) fn section(figures: &Figures) -> Section {
    let ns = |case: &str| beyond_bare(case, |case| figures.ns(case));
    let operation = ns("operation:ours");
    Section {
        name: "recording",
        about: "a duration, without HTTP; log-normal. Of an operation it is all but the clock: it counts the start, the end \
                and the outcome too, from any thread"
            .to_owned(),
        rows: vec![
            Row::new("an operation", "ns", operation)
                .beside("hdrhistogram, &mut", ns("record:hdrhistogram")),
            Row::new("an operation, beside a metric", "ns", operation)
                .beside("a cached handle of metrics", ns("record:metrics")),
            Row::new("an operation with the clock", "ns", figures.ns("timer:ours")),
            Row::new("the clock alone, once", "ns", figures.ns("clock:ours")),
            Row::new("Histogram, &mut", "ns", ns("record:histogram"))
                .beside("hdrhistogram, &mut", ns("record:hdrhistogram")),
        ],
    }
}
