//! What the service sees, and what becomes of its answers.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full, combinators::BoxBody};
use tower::{ServiceExt, service_fn};
use tower_weir::{
    batch::{Batch, HttpBatched},
    reject::Rejected,
};

use crate::kit::{Record, layer, post, send};

#[tokio::test(start_paused = true)]
async fn a_request_arrives_whole() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    let request = Request::builder()
        .method("PATCH")
        .uri("http://example.com/path?query")
        .version(Version::HTTP_2)
        .header("x-outer", "one")
        .header("x-outer", "two")
        .extension(7_u8)
        .body(Full::new(Bytes::from("text")));
    send(&service, request.unwrap()).await;
    let seen = record.take().pop().unwrap();
    assert_eq!((seen.method(), seen.version()), (&Method::PATCH, Version::HTTP_2));
    assert_eq!(seen.uri(), "http://example.com/path?query");
    assert!(seen.headers().get_all("x-outer").iter().eq(["one", "two"]));
    assert_eq!(seen.headers().len(), 2);
    assert_eq!(seen.extensions().get(), Some(&7_u8));
    assert_eq!(seen.extensions().len(), 1);
    assert_eq!(seen.body(), "text");
}

#[tokio::test(start_paused = true)]
async fn every_method_is_batched() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PURGE"] {
        let request = Request::builder().method(method).body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(send(&service, request).await.status, 200);
        assert_eq!(record.take()[0].method(), method);
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_arrives_whole() {
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from(0))]);
    let sent = trailers.clone();
    let service: HttpBatched<BoxBody<Bytes, Infallible>> =
        layer().http().service_fn(move |batch: Vec<Request<Bytes>>| {
            let trailers = sent.clone();
            let body = Full::from("text").with_trailers(ready(Some(Ok(trailers)))).boxed();
            let response = Response::builder().status(203).version(Version::HTTP_10);
            let response = response.header("x-inner", "kept").extension("an extension");
            assert_eq!(batch.len(), 1);
            ready(vec![response.body(body).unwrap()])
        });
    let response = service.oneshot(post("/", "")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (203, Version::HTTP_10));
    assert_eq!(response.headers()["x-inner"], "kept");
    assert_eq!(response.extensions().get(), Some(&"an extension"));
    assert!(!Rejected::is_on(&response));
    assert!(!response.body().is_end_stream());
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers(), Some(&trailers));
    assert_eq!(body.to_bytes(), "text");
}

#[tokio::test(start_paused = true)]
async fn requests_of_two_tenants_are_never_in_one_batch() {
    let record = Record::default();
    let seen = record.clone();
    let layer = layer().partition_by(|request| request.headers().get("x-tenant").cloned());
    let service = layer.http().service_fn(move |batch: Batch<Option<HeaderValue>, Request<_>>| {
        let key = batch.key.map_or("none".to_owned(), |key| key.to_str().unwrap().to_owned());
        let answers = batch.items.iter().map(|_| Response::new(Full::from(key.clone()))).collect();
        seen.add(batch.items);
        ready::<Vec<_>>(answers)
    });
    let of = |tenant: &'static str, path| {
        let mut request = post(path, "");
        request.headers_mut().insert("x-tenant", HeaderValue::from_static(tenant));
        send(&service, request)
    };
    let (one, two, three, four) = tokio::join!(
        of("blue", "/1"),
        of("red", "/2"),
        of("blue", "/3"),
        send(&service, post("/4", ""))
    );
    assert_eq!(
        [&*one.text, &*two.text, &*three.text, &*four.text],
        ["blue", "red", "blue", "none"]
    );
    let mut batches = record.batches();
    batches.sort();
    assert_eq!(batches, [vec!["/1 ", "/3 "], vec!["/2 "], vec!["/4 "]]);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_the_same_are_answered_as_one() {
    let record = Record::default();
    let layer = layer().dedup_by(|request| (request.method().clone(), request.uri().clone()));
    let service = layer.http().service_fn(record.echo());
    let (one, two, three) = tokio::join!(
        send(&service, post("/a", "x")),
        send(&service, post("/a", "x")),
        send(&service, post("/b", "y"))
    );
    assert_eq!([&*one.text, &*two.text, &*three.text], ["x", "x", "y"]);
    assert_eq!(record.batches(), [["/a x", "/b y"]]);
    assert_eq!(service.handle().stats().duplicates, 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_weighs_no_more_than_it_may() {
    let record = Record::default();
    let layer = layer().max_weight(10, |request: &Request<Bytes>| request.body().len() as u64);
    let service = layer.http().service_fn(record.echo());
    tokio::join!(
        send(&service, post("/1", "1234")),
        send(&service, post("/2", "1234")),
        send(&service, post("/3", "1234")),
    );
    assert_eq!(record.batches(), [vec!["/1 1234", "/2 1234"], vec!["/3 1234"]]);
}

/// Infallible or not, all of it or one by one, a function or a service: what is returned tells which.
#[tokio::test(start_paused = true)]
async fn whatever_a_function_returns_that_could_be_answers_is_taken() {
    type All = Vec<Request<Bytes>>;
    type Reply = Response<Full<Bytes>>;
    let fine = || Response::new(Full::from("fine"));
    let http = || layer().http();
    let ask = async |service: &HttpBatched<_, _>| send(service, post("/", "")).await.text;
    assert_eq!(ask(&http().service_fn(async move |_: All| vec![fine()])).await, "fine");
    let all = http().service_fn(async move |_: All| Ok::<_, String>(vec![fine()]));
    assert_eq!(ask(&all).await, "fine");
    let each = http().service_fn(async move |_: All| vec![Ok::<_, Infallible>(fine())]);
    assert_eq!(ask(&each).await, "fine");
    let both =
        http().service_fn(async move |_: All| Ok::<_, String>(vec![Ok::<_, Infallible>(fine())]));
    assert_eq!(ask(&both).await, "fine");
    let service = service_fn(async |_: All| {
        Ok::<Vec<Result<Reply, Infallible>>, String>(vec![Ok(Response::new(Full::from("fine")))])
    });
    assert_eq!(ask(&tower::Layer::layer(&http(), service)).await, "fine");
}

#[tokio::test(start_paused = true)]
async fn settings_are_kept_by_clones_of_a_layer() {
    let layer = layer().http().max_body_bytes(3).on_error(|(): ()| Response::new(Full::from("x")));
    let service = layer.clone().service_fn(async |_: Vec<Request<Bytes>>| vec![Err(())]);
    assert_eq!(send(&service, post("/", "1234")).await.status, 413);
    assert_eq!(send(&service, post("/", "123")).await.text, "x");
}
