//! What profiles take of memory, as the allocator counts it, while nobody reads them.

use std::time::Duration;

use axum::extract::MatchedPath;
use http::Request;
use http_body_util::Empty;
use tower::Layer;
use tower_weir::{
    clock::{Clock, ManualClock},
    profile::{Profile, ProfileLayer, Profiled},
};
use tower_weir_peers::{Recorder, Row, Section, exchange, growth, walk};

use crate::{
    requests::{Takes, matched_path},
    samples::Shape,
};

const HOUR: Duration = Duration::from_secs(3_600);
const BUSY: usize = 100;
const QUIET: usize = 50;

pub(crate) fn section() -> Section {
    Recorder::None.during(measure)
}

fn measure() -> Section {
    let traffic = Traffic::new(BUSY);
    let busy = growth(|| {
        let mut served = Served::new(Duration::from_millis(1));
        served.serve(&traffic, 1_000_000);
        served
    });
    let traffic = Traffic::new(QUIET);
    // 500 requests a second.
    let step = Duration::from_millis(2);
    let requests = |duration: Duration| (duration.as_nanos() / step.as_nanos()) as usize;
    let (mut served, minute) = growth(|| {
        let mut served = Served::new(step);
        served.serve(&traffic, requests(Duration::from_secs(60)));
        served
    });
    let mut goes_on = |duration| growth(|| served.serve(&traffic, requests(duration))).1.end as f64;
    let hour = minute.end as f64 + goes_on(HOUR - Duration::from_secs(60));
    let second = goes_on(HOUR);
    let a_route = |bytes: f64, routes| bytes / routes as f64 / 1024.0;
    Section {
        name: "memory",
        about: "of a route served by one thread, log-normal; nobody reads the profile".to_owned(),
        rows: vec![
            Row::new(
                "of 100 routes, after 1 M requests in 17 min",
                "KiB",
                a_route(busy.1.end as f64, BUSY),
            ),
            Row::new("of 50, after a minute", "KiB", a_route(minute.end as f64, QUIET)),
            Row::new("of 50, after an hour", "KiB", a_route(hour, QUIET)),
            Row::new("of 50, growth in the second hour", "%", 100.0 * second / hour)
                .at_most(3.0)
                .promised(),
        ],
    }
}

/// Requests to random routes, prepared outside of what is counted.
struct Traffic {
    paths: Vec<MatchedPath>,
    order: Vec<usize>,
    latencies: Vec<u64>,
}

impl Traffic {
    fn new(routes: usize) -> Self {
        let pattern = |route| &*format!("/things-{route}/{{id}}").leak();
        let all: Vec<_> = (0..routes).collect();
        Self {
            paths: all.iter().map(|route| matched_path(pattern(route))).collect(),
            order: walk(&all).take(1 << 16).collect(),
            // A hundredth, so that one request has ended before the next comes.
            latencies: Shape::LogNormal.samples().map(|nanos| nanos / 100).take(1 << 20).collect(),
        }
    }
}

struct Served {
    service: Profiled<Takes>,
    hand: ManualClock,
    /// From the end of one request to that of the next.
    step: Duration,
    requests: usize,
}

impl Served {
    fn new(step: Duration) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = ProfileLayer::new(Profile::new().clock(clock));
        Self { service: layer.layer(Takes(hand.clone())), hand, step, requests: 0 }
    }

    fn serve(&mut self, traffic: &Traffic, requests: usize) {
        for at in self.requests..self.requests + requests {
            let path = &traffic.paths[traffic.order[at % traffic.order.len()]];
            let latency = Duration::from_nanos(traffic.latencies[at % traffic.latencies.len()]);
            self.hand.advance(self.step.saturating_sub(latency));
            let mut request = Request::new(Empty::new());
            request.extensions_mut().insert(path.clone());
            request.extensions_mut().insert(latency);
            exchange(&self.service, request);
        }
        self.requests += requests;
    }
}
