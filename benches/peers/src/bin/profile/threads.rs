//! Two threads that serve requests at the same time.

use std::time::Duration;

use axum_prometheus::BaseMetricLayer;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_weir::profile::{Profile, ProfileLayer};
use tower_weir_peers::{Case, Figures, Group, Inner, Recorder, Row, Section, both, exchange};

use crate::{
    layers::beyond_bare,
    requests::{PATTERN, matched},
};

pub(crate) fn group() -> Group {
    let ours = || ProfileLayer::new(Profile::new()).layer(Inner);
    let mut cases = Vec::new();
    for (names, patterns) in [
        (
            [
                "threads, one:bare",
                "threads, one:ours",
                "threads, one:ours, told",
                "threads, one:axum-prometheus",
            ],
            [PATTERN, PATTERN],
        ),
        (
            [
                "threads, two:bare",
                "threads, two:ours",
                "threads, two:ours, told",
                "threads, two:axum-prometheus",
            ],
            [PATTERN, "/orders/{id}"],
        ),
    ] {
        let [bare, silent, told, peer] = names;
        cases.push(served(bare, Recorder::None, patterns, || Inner));
        cases.push(served(silent, Recorder::None, patterns, ours));
        cases.push(served(told, Recorder::Prometheus, patterns, ours));
        cases.push(served(peer, Recorder::Prometheus, patterns, || {
            BaseMetricLayer::new().layer(Inner)
        }));
    }
    Group {
        name: "two threads",
        // Long against the time in which a thread wakes up.
        batch: Duration::from_millis(5),
        rounds: 300,
        cases,
    }
}

fn served<S, B>(
    name: &'static str,
    recorder: Recorder,
    patterns: [&'static str; 2],
    service: fn() -> S,
) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + Sync + 'static,
    B: Body,
{
    Case::new(name, move || {
        let service = service();
        // Handles of metrics are kept from the first request on.
        for pattern in patterns {
            recorder.during(|| matched(pattern).exchange(&service, 1));
        }
        move |requests| {
            let took = both(requests, |which| {
                let mut clients = matched(patterns[which]);
                let service = &service;
                move || exchange(service, clients.request())
            });
            recorder.upkeep();
            took
        }
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let row = |name, case: &str, peer_case: Option<&str>| {
        let ns = |case: &str| beyond_bare(case, |case| figures.ns(case));
        let row = Row::new(name, "ns", ns(case));
        match peer_case {
            Some(peer) => row.beside("axum-prometheus", ns(peer)),
            None => row,
        }
    };
    Section {
        name: "two threads",
        about: "added to a request in each of two threads at once, making it included".to_owned(),
        rows: vec![
            row("one route, no recorder", "threads, one:ours", None),
            row(
                "one route, Prometheus",
                "threads, one:ours, told",
                Some("threads, one:axum-prometheus"),
            ),
            row("two routes, no recorder", "threads, two:ours", None),
            row(
                "two routes, Prometheus",
                "threads, two:ours, told",
                Some("threads, two:axum-prometheus"),
            ),
        ],
    }
}
