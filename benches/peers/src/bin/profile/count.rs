//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

use crate::layers::beyond_bare;

pub(crate) fn section(figures: &Figures) -> Section {
    let added = |case: &str| beyond_bare(case, |case| figures.instructions(case));
    let ours = |name, case| Row::new(name, "instrs", added(case));
    let beside = |name, case, peer, peer_case| ours(name, case).beside(peer, added(peer_case));
    Section {
        name: "instructions",
        about: "added to a request by the layer, or those of a recorded duration".to_owned(),
        rows: vec![
            ours("in a Router, no recorder", "router:ours"),
            beside(
                "in a Router, Prometheus",
                "router:ours, told",
                "axum-prometheus",
                "router:axum-prometheus",
            )
            .ratio_at_most(0.2),
            ours("no recorder", "alone:ours"),
            beside("Prometheus", "alone:ours, told", "axum-prometheus", "alone:axum-prometheus")
                .ratio_at_most(0.2),
            beside(
                "beside axum-otel-metrics",
                "alone:ours, told",
                "axum-otel-metrics",
                "alone:axum-otel-metrics",
            ),
            beside("beside tower-otel", "alone:ours, told", "tower-otel", "alone:tower-otel"),
            ours("with traceparent and x-request-id", "traced:ours"),
            ours("named by a table of 20 routes", "table:ours"),
            ours("around a Router with RouteReporter", "router:ours, outside"),
            ours("a gRPC call", "grpc:ours"),
            beside("an operation", "operation:ours", "hdrhistogram, &mut", "record:hdrhistogram"),
        ],
    }
}
