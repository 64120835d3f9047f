//! Requests for the same at the same time, beside tower-resilience-coalesce.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body_util::{Empty, Full};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::sleep,
};
use tower::{Layer, Service};
use tower_resilience_coalesce::{CoalesceConfig, CoalesceService};
use tower_weir::coalesce::{Coalesce, CoalesceLayer};
use tower_weir_peers::{Case, Clients, Figures, Group, Row, Section, timed};

use crate::crowd::{Gated, crowd, page};

const CROWD: usize = 100;
const CLIENTS: u32 = 64;
const PEER: &str = "tower-resilience-coalesce";

/// How long a call takes while polls are counted.
const CALL: Duration = Duration::from_millis(10);

type Asked = Request<Empty<Bytes>>;
type Key = (Method, Uri);

fn ours<S>(inner: S) -> Coalesce<S> {
    CoalesceLayer::new().layer(inner)
}

/// By method and URI, which is the least that it could be asked by.
fn peer<S>(inner: S) -> CoalesceService<S, Key, Asked, fn(&Asked) -> Key>
where
    S: Service<Asked, Response: Clone, Error: Clone>,
{
    let key: fn(&Asked) -> Key = |request| (request.method().clone(), request.uri().clone());
    CoalesceService::new(inner, Arc::new(CoalesceConfig::new(key)))
}

pub(crate) fn groups() -> Vec<Group> {
    vec![
        Group {
            name: "coalescing, one alone",
            batch: Duration::from_micros(50),
            rounds: 2_000,
            cases: vec![
                alone("alone:bare", |inner| inner),
                alone("alone:ours", ours),
                alone("alone:tower-resilience-coalesce", peer),
            ],
        },
        Group {
            name: "coalescing, a crowd",
            batch: Duration::from_micros(500),
            rounds: 400,
            cases: vec![
                crowds("crowd:bare", |inner| inner),
                crowds("crowd:ours", ours),
                crowds("crowd:tower-resilience-coalesce", peer),
            ],
        },
    ]
}

/// One request after the other, none of which meets another.
fn alone<S, B>(name: &'static str, service: fn(Gated) -> S) -> Case
where
    S: Service<Asked, Response = Response<B>> + Clone + 'static,
    B: http_body::Body,
{
    Case::new(name, move || {
        let (service, runtime) = (service(Gated::default()), runtime());
        let mut clients = Clients::new(CLIENTS);
        move |requests| {
            let _in_runtime = runtime.enter();
            clients.exchange(&service, requests)
        }
    })
}

/// An iteration is a crowd.
fn crowds<S, B>(name: &'static str, service: fn(Gated) -> S) -> Case
where
    S: Service<Asked, Response = Response<B>> + Clone + 'static,
    B: http_body::Body,
{
    Case::new(name, move || {
        let (gate, runtime) = (Gated::default(), runtime());
        let service = service(gate.clone());
        let mut clients = Clients::new(CLIENTS);
        move |crowds| {
            let _in_runtime = runtime.enter();
            let mut took = Duration::ZERO;
            for _ in 0..crowds {
                let requests: Vec<_> = (0..CROWD).map(|_| clients.request()).collect();
                took += timed(|| {
                    let answered = crowd(&service, &gate, requests.into_iter(), false);
                    assert_eq!(answered, CROWD);
                });
            }
            took
        }
    })
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime needs nothing")
}

/// Calls of the service, and those who got no answer, when the first of a crowd leaves.
fn left<S, B>(service: fn(Gated) -> S) -> (f64, f64)
where
    S: Service<Asked, Response = Response<B>> + Clone,
    B: http_body::Body,
{
    let (gate, runtime) = (Gated::default(), runtime());
    let _in_runtime = runtime.enter();
    let mut clients = Clients::new(CLIENTS);
    let requests = (0..CROWD).map(|_| clients.request());
    let answered = crowd(&service(gate.clone()), &gate, requests, true);
    (gate.calls() as f64, (CROWD - 1 - answered) as f64)
}

/// How often each of a crowd is polled while one call is under way, on average.
fn polls<S, B>(service: fn(Slow) -> S) -> f64
where
    S: Service<Asked, Response = Response<B>, Error: Send, Future: Send> + Clone + Send + 'static,
    B: Send + 'static,
{
    let polls = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        let (service, mut clients) = (service(Slow), Clients::new(CLIENTS));
        let mut tasks = JoinSet::new();
        for _ in 0..CROWD {
            let (mut service, polls) = (service.clone(), Arc::clone(&polls));
            let request = clients.request();
            tasks.spawn(async move {
                assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok(), "it is ready");
                let mut answer = pin!(service.call(request));
                poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    answer.as_mut().poll(cx)
                })
                .await
                .is_ok()
            });
        }
        assert!(tasks.join_all().await.into_iter().all(|answered| answered), "all are answered");
    });
    polls.load(Ordering::Relaxed) as f64 / CROWD as f64
}

/// Takes a while.
#[derive(Clone, Copy)]
struct Slow;

impl Service<Asked> for Slow {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Asked) -> Self::Future {
        Box::pin(async {
            sleep(CALL).await;
            Ok(page())
        })
    }
}

pub(crate) fn section(figures: &Figures) -> Section {
    let lone = |case: &str| figures.ns(case) - figures.ns("alone:bare");
    let each = |case: &str| figures.ns(case) / CROWD as f64;
    let allocated = |case: &str, bare: &str, of: f64| {
        (figures.allocations(case) - figures.allocations(bare)) / of
    };
    let beside =
        |name: &str, unit, ours, figure| Row::new(name.to_owned(), unit, ours).beside(PEER, figure);
    let ([calls, without], [peer_calls, peer_without]) =
        (<[f64; 2]>::from(left(ours)), left(peer).into());
    Section {
        name: "coalescing",
        about: format!(
            "one request that meets no other, added to the {:.0} ns of the service; {CROWD} at the same time, {:.0} ns each \
             without a layer; calls and answers when the first of them leaves while its call is under way; polls of each of \
             them while a call takes {} ms. The peer tells requests apart by method and URI, ours by all that HTTP gives a \
             meaning",
            figures.ns("alone:bare"),
            each("crowd:bare"),
            CALL.as_millis(),
        ),
        rows: vec![
            beside("alone", "ns", lone("alone:ours"), lone("alone:tower-resilience-coalesce")),
            beside(
                "alone",
                "allocs",
                allocated("alone:ours", "alone:bare", 1.0),
                allocated("alone:tower-resilience-coalesce", "alone:bare", 1.0),
            ),
            beside(
                "each of a crowd, all in all",
                "ns",
                each("crowd:ours"),
                each("crowd:tower-resilience-coalesce"),
            ),
            beside(
                "each of a crowd, beyond no layer",
                "allocs",
                allocated("crowd:ours", "crowd:bare", CROWD as f64),
                allocated("crowd:tower-resilience-coalesce", "crowd:bare", CROWD as f64),
            ),
            beside("each of a crowd", "polls", polls(ours), polls(peer)).at_most(3.0).promised(),
            beside("the first leaves: calls", "calls", calls, peer_calls).at_most(2.0).promised(),
            beside("the first leaves: without an answer", "clients", without, peer_without)
                .at_most(0.0)
                .promised(),
        ],
    }
}
