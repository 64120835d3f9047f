//! Two threads whose requests are let in by the same limit.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_weir_peers::{Case, Clients, Figures, Group, Inner, Row, Section, both, exchange};

use crate::limits::{
    ROOMY, adaptive, bulkhead, fixed, tower, tower_global, tower_resilience_adaptive,
};

/// How many clients each thread has.
const SOME: u32 = 64;

pub(crate) fn group() -> Group {
    Group {
        name: "two threads",
        // Long against the time in which a thread wakes up.
        batch: Duration::from_millis(5),
        rounds: 300,
        cases: vec![
            served("threads:bare", || Inner),
            served("threads:ours", || fixed(ROOMY).layer(Inner)),
            served("threads:ours, adaptive", || adaptive(ROOMY).layer(Inner)),
            served("threads:tower", || tower(ROOMY).layer(Inner)),
            served("threads:tower, global", || tower_global(ROOMY).layer(Inner)),
            served("threads:bulkhead", || bulkhead(ROOMY).layer(Inner)),
            served("threads:tower-resilience", || tower_resilience_adaptive(ROOMY).layer(Inner)),
        ],
    }
}

fn served<S, B>(name: &'static str, service: impl FnOnce() -> S + 'static) -> Case
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone + Sync + 'static,
    B: Body,
{
    Case::new(name, move || {
        let service = service();
        move |requests| {
            both(requests, |_| {
                let mut clients = Clients::new(SOME);
                let service = &service;
                move || exchange(service, clients.request())
            })
        }
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.ns("threads:bare");
    let added = |case: &str| figures.ns(&format!("threads:{case}")) - bare;
    let beside = |name, ours, peer, peer_case| {
        Row::new(name, "ns", added(ours)).beside(peer, added(peer_case))
    };
    Section {
        name: "two threads",
        about: format!(
            "added to the {bare:.0} ns of a request to the bare service in each of two threads at once, making it \
             included"
        ),
        rows: vec![
            beside("fixed, beside Global", "ours", "tower, Global", "tower, global").at_most(250.0),
            beside("fixed, beside ConcurrencyLimit", "ours", "tower", "tower"),
            beside("fixed, beside bulkhead", "ours", "bulkhead", "bulkhead"),
            beside("adaptive", "ours, adaptive", "tower-resilience", "tower-resilience"),
        ],
    }
}
