//! The layers around a trivial service.

use std::time::Duration;

use axum_otel_metrics::{HttpMetricsLayer, HttpMetricsLayerBuilder};
use axum_prometheus::BaseMetricLayer;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Empty;
use opentelemetry::metrics::MeterProvider;
use tower::{Layer, Service, layer::util::Identity};
use tower_otel::metrics::HttpLayer;
use tower_weir::profile::{Profile, ProfileLayer, RouteReporter};
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Recorder, Row, Section};

use crate::{
    requests::{Grpc, PATTERN, calls, matched, plain, router, table, traced},
    telemetry::{provider, provider_0_32},
};

pub(crate) fn group() -> Group {
    let alone = || matched(PATTERN);
    let ours = || ProfileLayer::new(Profile::new());
    let mut cases = Vec::new();
    let mut case = |case| cases.push(case);

    case(asked("router:bare", Recorder::None, plain, || router().layer(Identity::new())));
    case(asked("router:ours", Recorder::None, plain, move || router().layer(ours())));
    case(asked("router:ours, told", Recorder::Prometheus, plain, move || router().layer(ours())));
    case(asked("router:axum-prometheus", Recorder::Prometheus, plain, || {
        router().layer(BaseMetricLayer::new())
    }));
    case(asked("router:axum-otel-metrics", Recorder::None, plain, || router().layer(axum_otel())));
    case(asked("router:tower-otel", Recorder::None, plain, || router().layer(tower_otel())));
    case(asked("router:ours, outside", Recorder::None, plain, move || {
        ours().layer(router().layer(RouteReporter))
    }));

    case(asked("alone:bare", Recorder::None, alone, || Inner));
    case(asked("alone:ours", Recorder::None, alone, move || ours().layer(Inner)));
    case(asked("alone:ours, told", Recorder::Prometheus, alone, move || ours().layer(Inner)));
    case(asked("alone:axum-prometheus", Recorder::Prometheus, alone, || {
        BaseMetricLayer::new().layer(Inner)
    }));
    case(asked("alone:axum-otel-metrics", Recorder::None, alone, || axum_otel().layer(Inner)));
    case(asked("alone:tower-otel", Recorder::None, alone, || tower_otel().layer(Inner)));

    case(asked("traced:bare", Recorder::None, traced, || Inner));
    case(asked("traced:ours", Recorder::None, traced, move || ours().layer(Inner)));
    case(asked("table:bare", Recorder::None, plain, || Inner));
    case(asked("table:ours", Recorder::None, plain, move || ours().routes(table()).layer(Inner)));
    case(asked("grpc:bare", Recorder::None, calls, || Grpc));
    case(asked("grpc:ours", Recorder::None, calls, move || ours().layer(Grpc)));
    case(asked("grpc:ours, told", Recorder::Prometheus, calls, move || ours().layer(Grpc)));

    Group { name: "layers", batch: Duration::from_micros(50), rounds: 6_000, cases }
}

pub(crate) fn axum_otel() -> HttpMetricsLayer {
    HttpMetricsLayerBuilder::new().with_provider(provider_0_32()).build()
}

pub(crate) fn tower_otel() -> HttpLayer {
    HttpLayer::server(&provider().meter("bench"))
}

fn asked<S, B>(
    name: &'static str,
    recorder: Recorder,
    clients: impl FnOnce() -> Clients + 'static,
    service: impl FnOnce() -> S + 'static,
) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + 'static,
    B: Body,
{
    Case::new(name, move || {
        let (mut clients, service) = (clients(), service());
        move |requests| {
            let took = recorder.during(|| clients.exchange(&service, requests));
            recorder.upkeep();
            took
        }
    })
}

pub(crate) fn sections(figures: &Figures) -> [Section; 2] {
    [added(figures), allocations(figures)]
}

/// What a case takes beyond the bare one of its arrangement.
pub(crate) fn beyond_bare(case: &str, figure: impl Fn(&str) -> f64) -> f64 {
    let arrangement = case.split_once(':').map_or(case, |(arrangement, _)| arrangement);
    figure(case) - figure(&format!("{arrangement}:bare"))
}

fn added(figures: &Figures) -> Section {
    let ns = |case: &str| beyond_bare(case, |case| figures.ns(case));
    let ours = |name, case| Row::new(name, "ns", ns(case));
    let beside = |name, case, arrangement, peer| {
        ours(name, case).beside(peer, ns(&format!("{arrangement}:{peer}")))
    };
    let [router, alone] = ["router:bare", "alone:bare"].map(|case| figures.ns(case));
    Section {
        name: "layer",
        about: format!(
            "added to a request whose answer is read to its end; in an axum Router to its {router:.0} ns with a layer that \
             does nothing, else to the {alone:.0} ns of the service by itself"
        ),
        rows: vec![
            ours("in a Router, no recorder", "router:ours").at_most(100.0),
            beside("in a Router, Prometheus", "router:ours, told", "router", "axum-prometheus")
                .at_most(250.0)
                .ratio_at_most(0.2),
            beside(
                "in a Router, beside axum-otel-metrics",
                "router:ours, told",
                "router",
                "axum-otel-metrics",
            ),
            beside("in a Router, beside tower-otel", "router:ours, told", "router", "tower-otel"),
            ours("no recorder", "alone:ours").at_most(100.0),
            beside("Prometheus", "alone:ours, told", "alone", "axum-prometheus")
                .at_most(250.0)
                .ratio_at_most(0.2),
            beside("beside axum-otel-metrics", "alone:ours, told", "alone", "axum-otel-metrics"),
            beside("beside tower-otel", "alone:ours, told", "alone", "tower-otel"),
            ours("with traceparent and x-request-id", "traced:ours"),
            ours("named by a table of 20 routes", "table:ours"),
            ours("around a Router with RouteReporter", "router:ours, outside"),
            ours("a gRPC call", "grpc:ours"),
            ours("a gRPC call, Prometheus", "grpc:ours, told"),
        ],
    }
}

fn allocations(figures: &Figures) -> Section {
    /// A slice of a window, each 5 s, and cells for a latency that never was before.
    const FEW: f64 = 0.01;
    let added = |case: &str| beyond_bare(case, |case| figures.allocations(case));
    let ours = |name, case| Row::new(name, "allocs", added(case));
    let beside = |name, case, arrangement| {
        let peer = added(&format!("{arrangement}:axum-prometheus"));
        ours(name, case).beside("axum-prometheus", peer)
    };
    Section {
        name: "allocations",
        about: "added by the layer to a request of a known route; a Router boxes each body that a layer wraps, and the \
                recorder keeps samples in blocks"
            .to_owned(),
        rows: vec![
            ours("no recorder", "alone:ours").at_most(FEW).promised(),
            beside("Prometheus", "alone:ours, told", "alone"),
            ours("in a Router, no recorder", "router:ours").at_most(1.0 + FEW).promised(),
            beside("in a Router, Prometheus", "router:ours, told", "router"),
            ours("with traceparent and x-request-id", "traced:ours").at_most(FEW).promised(),
            ours("named by a table of 20 routes", "table:ours").at_most(FEW).promised(),
            ours("around a Router with RouteReporter", "router:ours, outside"),
            ours("a gRPC call", "grpc:ours").at_most(FEW).promised(),
        ],
    }
}
