//! The layers around a trivial service.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use governor::{
    clock::QuantaInstant,
    middleware::{NoOpMiddleware, RateLimitingMiddleware},
};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_governor::{
    GovernorLayer,
    governor::GovernorConfigBuilder,
    key_extractor::{GlobalKeyExtractor, KeyExtractor, PeerIpKeyExtractor},
};
use tower_resilience_ratelimiter::RateLimiterLayer;
use tower_weir::{
    key::PeerIp,
    rate_limit::{Headers, Quota, RateLimitLayer},
};
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Row, Section};

use crate::quotas::{BURST, INTERVAL, ROOMY, SPENT_AT_ONCE};

/// The addresses of the main rows.
const SOME: u32 = 64;

pub(crate) fn group() -> Group {
    let by_peer = |headers| RateLimitLayer::new(ROOMY).key(PeerIp).headers(headers);
    let global = || RateLimitLayer::new(ROOMY).headers(Headers::None);
    Group {
        name: "layers",
        batch: Duration::from_micros(50),
        rounds: 6_000,
        cases: vec![
            allowed("bare", SOME, || Inner),
            allowed("peer_ip:ours", SOME, move || by_peer(Headers::None).layer(Inner)),
            allowed("peer_ip:tower_governor", SOME, || governor(&mut roomy()).layer(Inner)),
            allowed("draft11:ours", SOME, move || by_peer(Headers::Draft11).layer(Inner)),
            allowed("legacy:ours", SOME, move || by_peer(Headers::Legacy).layer(Inner)),
            allowed("headers:tower_governor", SOME, || {
                governor(&mut roomy().use_headers()).layer(Inner)
            }),
            allowed("global:ours", SOME, move || global().layer(Inner)),
            allowed("global:tower_governor", SOME, || {
                governor(&mut roomy().key_extractor(GlobalKeyExtractor)).layer(Inner)
            }),
            allowed("global:tower_resilience", SOME, || {
                let layer = RateLimiterLayer::builder()
                    .limit_for_period(BURST as usize)
                    .refresh_period(Duration::from_secs(1));
                layer.build().expect("its settings are valid").layer(Inner)
            }),
            allowed("two_policies:ours", SOME, move || {
                by_peer(Headers::None).and(Quota::per_hour(360).burst(BURST)).layer(Inner)
            }),
            allowed("one_peer:ours", 1, move || by_peer(Headers::None).layer(Inner)),
            allowed("one_peer:tower_governor", 1, || governor(&mut roomy()).layer(Inner)),
            allowed("1k_peers:ours", 1_000, move || by_peer(Headers::None).layer(Inner)),
            allowed("1k_peers:tower_governor", 1_000, || governor(&mut roomy()).layer(Inner)),
            rejected("rejected:ours", || {
                RateLimitLayer::new(SPENT_AT_ONCE).key(PeerIp).layer(Inner)
            }),
            rejected("rejected:tower_governor", || {
                let mut config = GovernorConfigBuilder::default();
                let config = config.period(Duration::from_secs(3600)).burst_size(1);
                governor(&mut config.use_headers()).layer(Inner)
            }),
        ],
    }
}

fn roomy() -> GovernorConfigBuilder<PeerIpKeyExtractor, NoOpMiddleware<QuantaInstant>> {
    let mut config = GovernorConfigBuilder::default();
    config.period(INTERVAL).burst_size(BURST);
    config
}

fn governor<K, M>(config: &mut GovernorConfigBuilder<K, M>) -> GovernorLayer<K, M, Body>
where
    K: KeyExtractor,
    M: RateLimitingMiddleware<QuantaInstant>,
{
    GovernorLayer::new(config.finish().expect("neither period nor burst is zero"))
}

fn allowed<S, B>(name: &'static str, addresses: u32, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + 'static,
{
    Case::new(name, move || {
        let service = service();
        let mut clients = Clients::new(addresses);
        move |requests| clients.send(&service, requests, StatusCode::OK)
    })
}

fn rejected<S, B>(name: &'static str, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + 'static,
{
    Case::new(name, move || {
        let service = service();
        let mut clients = Clients::new(SOME);
        clients.send(&service, SOME.into(), StatusCode::OK);
        move |requests| clients.send(&service, requests, StatusCode::TOO_MANY_REQUESTS)
    })
}

pub(crate) fn sections(figures: &Figures) -> [Section; 3] {
    [added(figures), rejections(figures), allocations(figures)]
}

fn added(figures: &Figures) -> Section {
    let bare = figures.ns("bare");
    let ours = |name, case| Row::new(name, "ns", figures.ns(case) - bare);
    let beside =
        |name, case, peer, peer_case| ours(name, case).beside(peer, figures.ns(peer_case) - bare);
    let governor = |name, case, peer_case| beside(name, case, "tower_governor", peer_case);
    Section {
        name: "layer",
        about: format!(
            "added to the {bare:.0} ns of the bare service, a clone for each request; \
             {SOME} addresses, all allowed"
        ),
        rows: vec![
            governor("peer IP", "peer_ip:ours", "peer_ip:tower_governor")
                .at_most(60.0)
                .ratio_at_most(1.0),
            governor("peer IP, one address", "one_peer:ours", "one_peer:tower_governor"),
            governor("peer IP, 1 k addresses", "1k_peers:ours", "1k_peers:tower_governor"),
            governor("peer IP, IETF headers", "draft11:ours", "headers:tower_governor")
                .at_most(150.0)
                .ratio_at_most(1.0),
            governor("peer IP, legacy headers", "legacy:ours", "headers:tower_governor"),
            ours("peer IP, two policies", "two_policies:ours"),
            governor("global", "global:ours", "global:tower_governor"),
            beside(
                "global, tower-resilience",
                "global:ours",
                "tower-resilience",
                "global:tower_resilience",
            ),
        ],
    }
}

fn rejections(figures: &Figures) -> Section {
    let [ours, peer] = ["rejected:ours", "rejected:tower_governor"].map(|case| figures.ns(case));
    Section {
        name: "rejection",
        about: "the whole answer, 429; the bare service is not asked, so nothing is subtracted"
            .to_owned(),
        rows: vec![Row::new("peer IP, headers", "ns", ours).beside("tower_governor", peer)],
    }
}

fn allocations(figures: &Figures) -> Section {
    let bare = figures.allocations("bare");
    let row = |name, case, peer_case| {
        let added = |case| figures.allocations(case) - bare;
        Row::new(name, "allocs", added(case)).beside("tower_governor", added(peer_case))
    };
    Section {
        name: "allocations",
        about: "added to an allowed request by the layer".to_owned(),
        rows: vec![
            row("peer IP", "peer_ip:ours", "peer_ip:tower_governor").at_most(0.0),
            row("peer IP, IETF headers", "draft11:ours", "headers:tower_governor").at_most(2.0),
            row("peer IP, legacy headers", "legacy:ours", "headers:tower_governor"),
        ],
    }
}
