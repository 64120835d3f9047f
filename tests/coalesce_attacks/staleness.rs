//! Attempts to be shown what was there before one's own change.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::coalesce::CoalesceLayer;

use crate::{kit::*, world::*};

/// Reads wait at the gate; writes are answered by these steps.
fn world(body: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> (World, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |request, call| {
        if request.method().is_safe() {
            Play::answer([data(format!("call {call}"))]).after([Step::Wait(held.clone())])
        } else {
            Play::answer(body())
        }
    });
    (world, gate)
}

fn write(method: &Method, uri: &str) -> Request<()> {
    Request::builder().method(method).uri(uri).body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn staleness_by_another_spelling_of_the_path() {
    for spelled in [
        "/items/7",
        "/items/%37",
        "/%69tems/7",
        "/items/7/",
        "/items//7",
        "/items%2f7",
        "/items/7?x",
        "http://elsewhere.example/items/7",
    ] {
        let (world, gate) = world(|| vec![data("done")]);
        let before = world.start(asking("/items/7", &[])).await;
        world.send(write(&Method::PUT, spelled)).await.unwrap();
        let after = world.start(asking("/items/7", &[])).await;
        gate.open();
        assert_eq!(before.await.unwrap().unwrap().text, "call 0");
        assert_eq!(after.await.unwrap().unwrap().text, "call 2", "{spelled}");
    }
}

#[tokio::test(start_paused = true)]
async fn staleness_by_a_change_that_is_not_over_when_its_head_is_there() {
    let done = Gate::default();
    let held = done.clone();
    let (world, gate) =
        world(move || vec![data("working"), Step::Wait(held.clone()), data("done")]);
    let mut answer = world.head(write(&Method::POST, "/")).await.unwrap();
    let meanwhile = world.start(get()).await;
    done.open();
    while let Some(frame) = answer.body_mut().frame().await {
        frame.unwrap();
    }
    // All of the answer is there, and not yet dropped.
    let after = world.start(get()).await;
    gate.open();
    assert_eq!(meanwhile.await.unwrap().unwrap().text, "call 1");
    assert_eq!(after.await.unwrap().unwrap().text, "call 2");
}

#[tokio::test(start_paused = true)]
async fn staleness_by_a_change_that_is_given_up_in_its_answer() {
    let (world, gate) = world(|| vec![data("working"), Step::Wait(Gate::default())]);
    let answer = world.head(write(&Method::DELETE, "/")).await.unwrap();
    let meanwhile = world.start(get()).await;
    drop(answer);
    let after = world.start(get()).await;
    gate.open();
    assert_eq!(meanwhile.await.unwrap().unwrap().text, "call 1");
    assert_eq!(after.await.unwrap().unwrap().text, "call 2");
}

type Shared = BoxBody<Bytes, std::convert::Infallible>;

#[tokio::test(start_paused = true)]
async fn staleness_by_a_query_that_a_field_makes_a_change() {
    let gate = Gate::default();
    let held = gate.clone();
    let (reads, _) = Inner::new(move |_, call| {
        Play::answer([data(format!("call {call}"))]).after([Step::Wait(held.clone())])
    });
    let inner = service_fn(move |request: Request<Shared>| {
        let reads = reads.clone();
        async move {
            if request.headers().contains_key("x-http-method-override") {
                return Ok(Response::new(Steps::of([data("deleted")])));
            }
            reads.oneshot(request).await
        }
    });
    let service = CoalesceLayer::new().keyed_by_body(BodyExt::boxed).layer(inner);
    let send = |fields: &[(&str, &str)]| {
        let query = Request::post("/items");
        let query = fields.iter().fold(query, |query, (name, value)| query.header(*name, *value));
        let query = query.body(Full::from("{}").boxed()).unwrap();
        let mut service = service.clone();
        tokio::spawn(async move {
            Got::of(service.ready().await.unwrap().call(query).await.unwrap()).await.text
        })
    };
    let before = send(&[]);
    settle().await;
    assert_eq!(send(&[("x-http-method-override", "DELETE")]).await.unwrap(), "deleted");
    let after = send(&[]);
    settle().await;
    gate.open();
    assert_eq!(
        (before.await.unwrap().as_str(), after.await.unwrap().as_str()),
        ("call 0", "call 1")
    );
}
