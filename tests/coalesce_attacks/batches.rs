//! Attempts by requests of one batch on the others in it.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tonic::codegen::tokio_stream;
use tower::ServiceExt;
use tower_weir::{
    batch::{BatchLayer, Fixed, HttpBatched, RequestTrailers},
    clock::Clock,
};

use crate::world::settle;

fn layer() -> BatchLayer<Request<Bytes>> {
    BatchLayer::new().clock(Clock::runtime()).linger(Fixed::new(Duration::from_millis(20)))
}

/// Requests, and their answers by number.
type Seen = Arc<Mutex<Vec<Request<Bytes>>>>;

fn echo(batch: &[Request<Bytes>]) -> Vec<Response<Full<Bytes>>> {
    batch.iter().map(|request| Response::new(Full::new(request.body().clone()))).collect()
}

fn post(text: &'static str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let request = Request::post("/");
    let request =
        fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(text)).unwrap()
}

async fn text<E: 'static>(
    service: &HttpBatched<Full<Bytes>, E>,
    request: Request<Full<Bytes>>,
) -> (u16, String) {
    let response = service.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

fn recorded() -> (HttpBatched<Full<Bytes>>, Seen) {
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    let service = layer().http().service_fn(move |batch: Vec<Request<Bytes>>| {
        let answers = echo(&batch);
        record.lock().unwrap().extend(batch);
        std::future::ready(answers)
    });
    (service, seen)
}

#[tokio::test(start_paused = true)]
async fn smuggling_by_what_is_left_of_the_framing() {
    let (service, seen) = recorded();
    for (fields, length) in [
        (&[("transfer-encoding", "chunked")][..], None),
        (&[("transfer-encoding", "chunked"), ("content-length", "3")], Some("3")),
        (&[("transfer-encoding", "chunked"), ("content-length", "30")], None),
        (&[("content-length", "3"), ("content-length", "3")], None),
        (&[("content-length", "3"), ("content-length", "0")], None),
        (&[("content-length", "+3")], None),
        (&[("content-length", "3, 3")], None),
        (&[("content-length", "3")], Some("3")),
        (&[], None),
    ] {
        assert_eq!(text(&service, post("abc", fields)).await, (200, "abc".to_owned()));
        let request = seen.lock().unwrap().pop().unwrap();
        assert!(!request.headers().contains_key("transfer-encoding"), "{fields:?}");
        let found = request.headers().get("content-length").map(|value| value.to_str().unwrap());
        assert_eq!(found, length, "{fields:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn forgery_of_fields_by_trailers() {
    let (service, seen) = recorded();
    let mut trailers = HeaderMap::new();
    trailers.insert("authorization", "Bearer forged".parse().unwrap());
    let frames =
        [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a"))), Ok(Frame::trailers(trailers))];
    let request = Request::post("/").body(StreamBody::new(tokio_stream::iter(frames))).unwrap();
    let (_, other) = tokio::join!(service.clone().oneshot(request), text(&service, post("b", &[])));
    assert_eq!(other.1, "b");
    let requests = seen.lock().unwrap();
    assert!(requests.iter().all(|request| !request.headers().contains_key("authorization")));
    let with_trailers =
        |request: &&Request<Bytes>| request.extensions().get::<RequestTrailers>().is_some();
    let with_trailers: Vec<_> = requests.iter().filter(with_trailers).map(Request::body).collect();
    assert_eq!(with_trailers, ["a"], "they are those of their request only");
}

/// One whose request makes the operator's code panic, and others of the same batch.
async fn evil_and_others<E: Send + 'static>(service: HttpBatched<Full<Bytes>, E>) {
    let send = |name| {
        let service = service.clone();
        tokio::spawn(async move { text(&service, post(name, &[])).await })
    };
    let clients = [send("a"), send("evil"), send("b")];
    let [a, evil, b] = clients;
    assert!(evil.await.unwrap_err().is_panic(), "it reaches the task that sent it");
    assert_eq!(a.await.unwrap().1, "a");
    assert_eq!(b.await.unwrap().1, "b");
    settle().await;
    assert_eq!(send("later").await.unwrap().1, "later");
}

fn panics_if_evil(request: &Request<Bytes>) {
    assert!(request.body() != "evil", "as the test has it");
}

#[tokio::test(start_paused = true)]
async fn denial_by_a_request_that_the_operators_code_cannot_bear() {
    let echo = async |batch: Vec<Request<Bytes>>| echo(&batch);
    let weighing = layer().max_weight(100, |request| {
        panics_if_evil(request);
        1
    });
    evil_and_others(weighing.http().service_fn(echo)).await;
    let timing = layer().deadline_by(|request, _| {
        panics_if_evil(request);
        None
    });
    evil_and_others(timing.http().service_fn(echo)).await;
    let parting = layer().partition_by(|request| {
        panics_if_evil(request);
        Some(1)
    });
    let service = parting.http().service_fn(
        async |batch: tower_weir::batch::Batch<Option<i32>, Request<Bytes>>| {
            self::echo(&batch.items)
        },
    );
    evil_and_others(service).await;
}

#[tokio::test(start_paused = true)]
async fn denial_by_an_error_that_the_operators_code_cannot_bear() {
    let service = layer()
        .http()
        .on_error(|error: &'static str| -> Response<Full<Bytes>> { panic!("{error}") })
        .service_fn(async |batch: Vec<Request<Bytes>>| {
            let is_evil = |request: &Request<Bytes>| request.body() == "evil";
            let answers = echo(&batch);
            let answers = batch.iter().zip(answers);
            answers
                .map(|(request, answer)| if is_evil(request) { Err("evil") } else { Ok(answer) })
                .collect::<Vec<_>>()
        });
    evil_and_others(service).await;
}

#[tokio::test(start_paused = true)]
async fn denial_by_an_absurd_deadline() {
    let (service, seen) = recorded();
    let send = |timeout: &'static str| {
        let service = service.clone();
        tokio::spawn(async move { text(&service, post("a", &[("grpc-timeout", timeout)])).await.0 })
    };
    for (timeout, status) in [
        ("0n", 408),
        ("0H", 408),
        ("99999999H", 200),
        ("99999999999999999999H", 200),
        ("-1S", 200),
        ("", 200),
        ("1e9S", 200),
    ] {
        let (honest, absurd) = (send("10S"), send(timeout));
        assert_eq!((honest.await.unwrap(), absurd.await.unwrap()), (200, status), "{timeout}");
    }
    assert_eq!(seen.lock().unwrap().len(), 12, "what comes too late enters no batch");
}
