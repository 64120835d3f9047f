//! What clients are told of failures, and what they are not.

use std::{
    convert::Infallible,
    future::ready,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_weir::{
    batch::{HttpBatchLayer, HttpBatched},
    reject::Reason,
};

use crate::{
    kit::{Record, call, layer, post, send},
    warnings::warnings,
};

type Batch = Vec<Request<Bytes>>;
type Reply = Response<Full<Bytes>>;

/// What nobody outside may read.
const SECRET: &str = "the password is 123";

fn http() -> HttpBatchLayer {
    layer().http()
}

/// A request and a call get a 500 and `INTERNAL`, which say nothing, and do not say that nothing was done.
async fn fails<E>(service: &HttpBatched<Full<Bytes>, E>) {
    let (failed, grpc) = tokio::join!(send(service, post("/", "")), send(service, call()));
    assert_eq!((failed.status, failed.is_rejection), (500, false));
    assert_eq!(failed.detail(), "the request could not be served");
    assert_eq!((grpc.status, grpc.header("grpc-status"), grpc.is_rejection), (200, "13", false));
    assert_eq!(grpc.header("grpc-message"), "the request could not be served");
    for answer in [failed, grpc] {
        assert!(!format!("{answer:?}").contains("password"), "{answer:?}");
        assert!(!answer.headers.contains_key("retry-after"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_is_an_internal_error_to_all() {
    fails(&http().service_fn(|_: Batch| ready(Err::<Vec<Reply>, _>(SECRET)))).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_internal_error_to_all() {
    let panics = |_: Batch| -> std::future::Ready<Vec<Reply>> { panic!("{SECRET}") };
    fails(&http().service_fn(panics)).await;
}

#[tokio::test(start_paused = true)]
async fn too_few_or_too_many_answers_are_an_internal_error_to_all() {
    for count in [0, 1, 3] {
        let answers = move |_: Batch| ready(vec![Response::new(Full::from(SECRET)); count]);
        fails(&http().service_fn(answers)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_gets_ready_is_an_internal_error_to_all() {
    #[derive(Clone)]
    struct Broken;

    impl Service<Batch> for Broken {
        type Response = Vec<Result<Reply, Infallible>>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Err(SECRET))
        }

        fn call(&mut self, _: Batch) -> Self::Future {
            unreachable!("it is not ready")
        }
    }

    fails(&http().layer(Broken)).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_of_its_own_is_an_internal_error_to_one() {
    let service = http().service_fn(|batch: Batch| {
        let answer = |request: &Request<Bytes>| match request.uri().path() {
            "/bad" => Err(SECRET),
            _ => Ok(Response::new(Full::from("good"))),
        };
        ready(batch.iter().map(answer).collect::<Vec<_>>())
    });
    let (bad, good) =
        tokio::join!(send(&service, post("/bad", "")), send(&service, post("/good", "")));
    assert_eq!((bad.status, bad.is_rejection), (500, false));
    assert_eq!(bad.detail(), "the request could not be served");
    assert_eq!((good.status, &*good.text), (200, "good"));
    let stats = service.handle().stats();
    assert_eq!((stats.batches, stats.failed_batches), (1, 0));
}

#[test]
fn errors_of_their_own_are_logged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let service = http().service_fn(|batch: Batch| {
        ready(batch.iter().map(|_| Err::<Reply, _>(SECRET)).collect::<Vec<_>>())
    });
    let fails = || assert_eq!(runtime.block_on(send(&service, post("/", ""))).status, 500);
    // Tests beside this one come there too, and whoever is first decides whether anybody listens.
    fails();
    let logged = warnings(fails);
    assert_eq!(logged, ["a request of a batch failed"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_its_own_is_answered_as_the_user_says() {
    /// It need not be printable.
    struct NoSuchUser(String);

    let service = http()
        .on_error(|NoSuchUser(path)| {
            Response::builder().status(404).body(Full::from(path)).unwrap()
        })
        .service_fn(|batch: Batch| {
            let answer = |request: &Request<Bytes>| match request.uri().path() {
                "/ann" => Ok(Response::new(Full::from("Ann"))),
                path => Err(NoSuchUser(path.to_owned())),
            };
            ready(batch.iter().map(answer).collect::<Vec<_>>())
        });
    let (ann, bob) =
        tokio::join!(send(&service, post("/ann", "")), send(&service, post("/bob", "")));
    assert_eq!((ann.status, &*ann.text), (200, "Ann"));
    assert_eq!((bob.status, &*bob.text, bob.is_rejection), (404, "/bob", false));
}

#[tokio::test(start_paused = true)]
async fn failures_are_rendered_as_the_user_says() {
    let layer = http().on_reject(|rejection, head| {
        assert_eq!(rejection.reason(), Reason::BatchFailed);
        Response::builder().status(502).body(format!("sorry, {}", head.uri.path())).unwrap()
    });
    let service = layer.service_fn(|batch: Batch| match batch[0].uri().path() {
        "/item" => ready(Ok(vec![Err::<Reply, _>(SECRET)])),
        _ => ready(Err(SECRET)),
    });
    for path in ["/item", "/batch"] {
        let failed = send(&service, post(path, "")).await;
        assert_eq!((failed.status, failed.text), (502, format!("sorry, {path}")));
        assert!(!failed.is_rejection);
    }
}

/// A call that failed spoils none after it.
#[tokio::test(start_paused = true)]
async fn after_a_failure_all_goes_on() {
    let record = Record::default();
    let echo = record.echo();
    let service = http().layer(service_fn(move |batch: Batch| {
        assert_ne!(batch[0].uri().path(), "/panic", "{SECRET}");
        let answers = match batch[0].uri().path() {
            "/error" => Err(SECRET),
            _ => Ok(echo(batch)
                .into_inner()
                .into_iter()
                .map(Ok::<_, Infallible>)
                .collect::<Vec<_>>()),
        };
        ready(answers)
    }));
    for _ in 0..3 {
        for path in ["/panic", "/error"] {
            assert_eq!(send(&service, post(path, "")).await.status, 500);
        }
        assert_eq!(send(&service, post("/", "fine")).await.text, "fine");
    }
}
