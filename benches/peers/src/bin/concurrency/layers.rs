//! Requests that are let in at once, by layers around a trivial service.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::Empty;
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::{Layer, Service, load_shed::LoadShed};
use tower_weir::{
    clock::Clock,
    concurrency::{ConcurrencyLimitLayer, Fixed, Priorities},
    key::{Header, PeerIp},
    route::RouteTable,
};
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Row, Section};

use crate::limits::{
    ROOMY, adaptive, backpressure, bulkhead, fixed, tower, tower_global, tower_resilience_adaptive,
};

/// How many clients there are.
const SOME: u32 = 64;

/// How often an adaptive limit asks for the time: when a request is let in, and when the head of its answer is there.
const CLOCK_READS: f64 = 2.0;

pub(crate) fn group() -> Group {
    Group {
        name: "let in",
        batch: Duration::from_micros(50),
        rounds: 6_000,
        cases: vec![
            Case::each("clock:ours", || {
                let clock = Clock::system();
                move || {
                    black_box(clock.now());
                }
            }),
            served("bare", || Inner),
            served("fixed:ours", || fixed(ROOMY).layer(Inner)),
            served("rejecting:ours", || fixed(ROOMY).reject_when_full().layer(Inner)),
            served("adaptive:ours", || adaptive(ROOMY).layer(Inner)),
            served("per peer:ours", || fixed(ROOMY).key(PeerIp).layer(Inner)),
            served("per header:ours", || {
                let agent = Header(header::USER_AGENT);
                fixed(ROOMY).key(agent).layer(Inner)
            }),
            served("routes:ours", || routes().layer(Inner)),
            served("priorities:ours", || {
                fixed(ROOMY).priorities(Priorities::default()).layer(Inner)
            }),
            Case::new("fixed, told:ours", || {
                let service = fixed(ROOMY).layer(Inner);
                let mut clients = Clients::new(SOME);
                // Handles of metrics are kept from the first request on.
                let recorder = PrometheusBuilder::new().build_recorder();
                metrics::with_local_recorder(&recorder, || clients.exchange(&service, 1));
                move |requests| clients.exchange(&service, requests)
            }),
            served("fixed:tower", || tower(ROOMY).layer(Inner)),
            served("rejecting:tower", || LoadShed::new(tower(ROOMY).layer(Inner))),
            served("fixed:tower, global", || tower_global(ROOMY).layer(Inner)),
            served("rejecting:tower, global", || LoadShed::new(tower_global(ROOMY).layer(Inner))),
            served("fixed:bulkhead", || bulkhead(ROOMY).layer(Inner)),
            served("rejecting:bulkhead", || LoadShed::new(backpressure(ROOMY).layer(Inner))),
            served("adaptive:tower-resilience", || tower_resilience_adaptive(ROOMY).layer(Inner)),
        ],
    }
}

/// A limit for each of three routes, and none for others.
fn routes() -> ConcurrencyLimitLayer {
    let limit = Fixed::new(ROOMY);
    let routes = RouteTable::new().route("/orders/{id}", limit).route("/items/{id}", limit);
    ConcurrencyLimitLayer::for_routes(routes.route("/reports/{*rest}", limit))
}

fn served<S, B>(name: &'static str, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + 'static,
    B: Body,
{
    Case::new(name, move || {
        let service = service();
        let mut clients = Clients::new(SOME);
        move |requests| clients.exchange(&service, requests)
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.ns("bare");
    let added = |case| figures.ns(case) - bare;
    let ours = |name, case| Row::new(name, "ns", added(case));
    let beside = |name, case, peer, peer_case| ours(name, case).beside(peer, added(peer_case));
    let clock_reads = CLOCK_READS * figures.ns("clock:ours");
    Section {
        name: "layer",
        about: format!(
            "added to the {bare:.0} ns of a request to the bare service whose answer is read to its end; \
             {SOME} addresses, all let in"
        ),
        rows: vec![
            beside("fixed, beside Global", "fixed:ours", "tower, Global", "fixed:tower, global")
                .at_most(40.0)
                .ratio_at_most(1.0),
            beside("fixed, beside ConcurrencyLimit", "fixed:ours", "tower", "fixed:tower"),
            beside("fixed, beside bulkhead", "fixed:ours", "bulkhead", "fixed:bulkhead")
                .ratio_at_most(1.0),
            beside(
                "rejecting, beside Global",
                "rejecting:ours",
                "tower, Global, LoadShed",
                "rejecting:tower, global",
            )
            .at_most(40.0),
            beside(
                "rejecting, beside ConcurrencyLimit",
                "rejecting:ours",
                "tower, LoadShed",
                "rejecting:tower",
            ),
            beside(
                "rejecting, beside bulkhead",
                "rejecting:ours",
                "bulkhead, LoadShed",
                "rejecting:bulkhead",
            )
            .ratio_at_most(1.0),
            beside("adaptive", "adaptive:ours", "tower-resilience", "adaptive:tower-resilience")
                .ratio_at_most(1.0),
            Row::new("adaptive, less its clock reads", "ns", added("adaptive:ours") - clock_reads)
                .at_most(60.0),
            Row::new("adaptive, its clock reads", "ns", clock_reads).at_most(80.0),
            ours("fixed, per peer", "per peer:ours"),
            ours("fixed, per header field", "per header:ours"),
            ours("fixed, per route", "routes:ours"),
            ours("fixed, by priority", "priorities:ours"),
            ours("fixed, Prometheus", "fixed, told:ours"),
        ],
    }
}

pub(crate) fn allocations(figures: &Figures) -> Section {
    let (bare, request) = (figures.allocations("bare"), figures.allocations("request"));
    let added = |case| figures.allocations(case) - bare;
    let shed = |case| figures.allocations(case) - request;
    let row = |name, ours, peer_name, peer| {
        Row::new(name, "allocs", ours).beside(peer_name, peer).at_most(0.0)
    };
    let let_in =
        |name, case, peer_name, peer_case| row(name, added(case), peer_name, added(peer_case));
    Section {
        name: "allocations",
        about: "added to a request that is let in, or of one that is turned away with its answer"
            .to_owned(),
        rows: vec![
            let_in("fixed", "fixed:ours", "tower, Global", "fixed:tower, global"),
            let_in("fixed, beside bulkhead", "fixed:ours", "bulkhead", "fixed:bulkhead"),
            let_in("adaptive", "adaptive:ours", "tower-resilience", "adaptive:tower-resilience"),
            row(
                "turned away",
                shed("shed:ours"),
                "tower, Global, LoadShed",
                shed("shed:tower, global"),
            ),
            row(
                "turned away, beside bulkhead",
                shed("shed:ours"),
                "bulkhead, LoadShed",
                shed("shed:bulkhead"),
            ),
        ],
    }
}
