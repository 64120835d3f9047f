//! Memory over an hour in which nobody scrapes. In a process of its own, whose every allocation is counted.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
};

use metrics::{Histogram, Label};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tower_weir::telemetry::{
    names::{self, Kind},
    prometheus::{Prometheus, configure},
};

struct Counting;

/// Bytes that are allocated now.
static LIVE: AtomicIsize = AtomicIsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: usize, sign: isize) {
    LIVE.fetch_add(sign * isize::try_from(bytes).unwrap_or(0), Relaxed);
}

#[expect(
    unsafe_code,
    reason = "a global allocator is unsafe to implement; this one hands on to the system's"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, 1);
        count(layout.size(), -1);
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        unsafe { System.dealloc(block, layout) }
    }
}

/// Upkeeps in an hour.
const HOUR: usize = 3600 / 5;

/// Values that each histogram is given between two upkeeps.
const VALUES: usize = 2_000;

/// All histograms of the layers, with handles that are resolved once, as the layers do.
fn histograms(recorder: &PrometheusRecorder) -> Vec<Histogram> {
    let histograms = names::ALL.iter().filter(|metric| metric.kind == Kind::Histogram);
    metrics::with_local_recorder(recorder, || {
        let handles = histograms.map(|metric| {
            let labels: Vec<_> = metric.labels.iter().map(|&l| Label::new(l, "some")).collect();
            metrics::histogram!(metric.name, labels)
        });
        handles.collect()
    })
}

/// How many bytes more are live after so many intervals than after the first ten.
fn growth(intervals: usize, upkeep: impl Fn(&Prometheus)) -> isize {
    let recorder = configure(PrometheusBuilder::new()).build_recorder();
    let prometheus = Prometheus::from(recorder.handle());
    let histograms = histograms(&recorder);
    let mut settled = 0;
    for interval in 0..intervals {
        for value in 0..VALUES {
            histograms.iter().for_each(|histogram| histogram.record(value as f64 / 100.0));
        }
        upkeep(&prometheus);
        if interval == 9 {
            settled = LIVE.load(Relaxed);
        }
    }
    LIVE.load(Relaxed) - settled
}

/// In one test, as another would allocate meanwhile.
#[test]
fn an_hour_without_a_scrape_takes_no_memory() {
    let kept_up = growth(HOUR, Prometheus::run_upkeep);
    assert!(kept_up < 64 << 10, "it grew by {kept_up} bytes in an hour");
    // 16 bytes for each value: a hundredth of an hour is enough to see them.
    let neglected = growth(10 + HOUR / 100, |_| {});
    assert!(neglected > 1 << 20, "the check would not see what is not freed: {neglected} bytes");
}
