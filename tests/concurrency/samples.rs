//! What an adaptive limit learns from: answers, and how long the service took for them.

use std::{
    convert::Infallible,
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use tokio::task::yield_now;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Sample},
    verdict::Verdict::{self, ClientError, Failure, Ignored, Overload, Success},
};

use super::{Bench, adaptive::Told, fates, millis, now, work};

type AnyBody = BoxBody<Bytes, &'static str>;
type Frames = Vec<Result<Frame<Bytes>, &'static str>>;

fn layer() -> (Told, ConcurrencyLimitLayer) {
    let told = Told::new(100);
    let layer = ConcurrencyLimitLayer::new(told.limiter());
    (told, layer)
}

fn verdicts(told: &Told) -> Vec<Verdict> {
    told.samples().iter().map(|sample| sample.verdict).collect()
}

fn response(
    status: u16,
    fields: &[(&'static str, &'static str)],
    frames: Frames,
) -> Response<AnyBody> {
    let stream = futures_stream(frames);
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(stream)));
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in fields {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}

fn futures_stream(
    frames: Frames,
) -> impl tonic::codegen::tokio_stream::Stream<Item = Result<Frame<Bytes>, &'static str>> {
    tonic::codegen::tokio_stream::iter(frames)
}

/// What reading the whole of such an answer teaches.
async fn taught(
    layer: &ConcurrencyLimitLayer,
    told: &Told,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    frames: fn() -> Frames,
) -> Vec<Verdict> {
    let inner = service_fn(move |_: Request<()>| {
        ready(Ok::<_, Infallible>(response(status, fields, frames())))
    });
    let answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    let _ = answer.into_body().collect().await;
    verdicts(told)
}

fn chunk() -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::data(Bytes::from_static(b"chunk")))
}

fn status_trailer(code: &'static str) -> Result<Frame<Bytes>, &'static str> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(code));
    Ok(Frame::trailers(trailers))
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test(start_paused = true)]
async fn a_sample_has_the_time_to_the_headers_without_the_queue() {
    let told = Told::new(1);
    let bench = Bench::new(told.limiter());
    let call = bench.call(work("a", 30));
    let first = tokio::spawn(async move {
        let answer = call.await;
        // A slow reader.
        tokio::time::sleep(millis(500)).await;
        super::fate(answer).await
    });
    yield_now().await;
    let second = bench.send(work("b", 20)).await;
    assert_eq!(fates(vec![first, second]).await, ["served"; 2]);
    let rtts: Vec<_> = told.samples().iter().map(|sample| sample.rtt.as_millis()).collect();
    assert_eq!(rtts, [30, 20]);
    assert_eq!((now() - bench.begin).as_millis(), 550);
}

#[tokio::test(start_paused = true)]
async fn a_sample_tells_how_many_were_under_way_when_it_began() {
    let told = Told::new(3);
    let bench = Bench::new(told.limiter());
    let mut tasks = bench.send_all(&["a", "b", "c"], 30).await;
    tasks.extend(bench.send_all(&["d", "e"], 10).await);
    assert_eq!(fates(tasks).await, ["served"; 5]);
    let samples = told.samples();
    let in_flight: Vec<_> = samples.iter().map(|sample: &Sample| sample.in_flight).collect();
    assert_eq!(in_flight[..3], [1, 2, 3]);
    assert!(in_flight[3..].iter().all(|in_flight| (1..=3).contains(in_flight)), "{in_flight:?}");
    assert!(samples.windows(2).all(|two| two[0].now <= two[1].now));
}

/// The time until a client loses patience says nothing of the service.
#[tokio::test(start_paused = true)]
async fn nothing_is_learnt_from_whoever_is_given_up() {
    let told = Told::new(1);
    let bench = Bench::new(told.limiter());
    let tasks = bench.send_all(&["in the service", "in the queue", "in the queue"], 50).await;
    tasks.iter().for_each(|task| task.abort());
    yield_now().await;
    assert_eq!((bench.under_way(), bench.waiting()), (0, 0));
    drop(bench.call(work("never polled", 1)));
    assert_eq!(told.samples(), []);

    // The code of a gRPC answer that was not read to its end.
    let (told, layer) = layer();
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(response(200, &[GRPC], vec![chunk(), status_trailer("0")]))
    });
    let mut answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    answer.body_mut().frame().await.unwrap().unwrap();
    drop(answer);
    assert_eq!((told.samples(), layer.handle().in_flight()), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_learnt_from_whoever_is_refused_or_exempt() {
    let told = Told::new(1);
    let layer = ConcurrencyLimitLayer::new(told.limiter()).reject_when_full();
    let bench = Bench::of(layer.exempt(|head| head.uri.path() == "/health"));
    let task = bench.send(work("a", 50)).await;
    assert_eq!(bench.send(work("b", 1)).await.await.unwrap(), "full");
    assert_eq!(bench.send(super::at(work("c", 1), "/health")).await.await.unwrap(), "served");
    assert_eq!(told.samples(), []);
    assert_eq!(task.await.unwrap(), "served");
    assert_eq!(told.samples().len(), 1);
}

#[tokio::test]
async fn a_status_is_a_verdict_before_the_body_is_read() {
    let (told, layer) = layer();
    for (status, verdict) in [
        (200, Success),
        (304, Success),
        (404, ClientError),
        (429, Overload),
        (500, Failure),
        (502, Failure),
        (503, Overload),
        (504, Overload),
    ] {
        let inner = service_fn(move |_: Request<()>| {
            ready(Ok::<_, Infallible>(response(status, &[], vec![chunk(), Err("torn")])))
        });
        let answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
        assert_eq!(verdicts(&told), [verdict], "{status}");
        // Once: what becomes of the body is another matter.
        answer.into_body().collect().await.unwrap_err();
        assert_eq!(verdicts(&told), []);
    }
}

#[tokio::test]
async fn the_code_of_a_grpc_answer_comes_with_its_head_or_its_trailers() {
    let (told, layer) = layer();
    let of_head = |code| -> &'static [(&'static str, &'static str)] {
        match code {
            0 => &[GRPC, ("grpc-status", "0")],
            8 => &[GRPC, ("grpc-status", "8")],
            14 => &[GRPC, ("grpc-status", "14")],
            _ => unreachable!(),
        }
    };
    for (code, verdict) in [(0, Success), (8, Overload), (14, Overload)] {
        assert_eq!(taught(&layer, &told, 200, of_head(code), Vec::new).await, [verdict]);
    }
    let by_trailers: [(fn() -> Frames, Verdict); 8] = [
        (|| vec![chunk(), status_trailer("0")], Success),
        (|| vec![chunk(), status_trailer("1")], Ignored),
        (|| vec![chunk(), status_trailer("4")], Overload),
        (|| vec![chunk(), status_trailer("5")], ClientError),
        (|| vec![status_trailer("14")], Overload),
        (|| vec![chunk(), status_trailer("no code")], Failure),
        // It ends without one.
        (|| vec![chunk()], Failure),
        (|| vec![chunk(), Err("torn")], Failure),
    ];
    for (frames, verdict) in by_trailers {
        assert_eq!(taught(&layer, &told, 200, &[GRPC], frames).await, [verdict]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_stream_is_that_to_its_head() {
    let (told, layer) = layer();
    let inner = service_fn(|_: Request<()>| async {
        tokio::time::sleep(millis(20)).await;
        Ok::<_, Infallible>(response(200, &[GRPC], vec![chunk(), status_trailer("0")]))
    });
    let answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    tokio::time::sleep(millis(700)).await;
    assert_eq!(told.samples(), []);
    answer.into_body().collect().await.unwrap();
    let samples = told.samples();
    assert_eq!((samples.len(), samples[0].rtt.as_millis()), (1, 20));
}

#[tokio::test]
async fn one_may_classify_answers_by_oneself() {
    let (told, layer) = layer();
    let layer = layer.classify(|answer| {
        if answer.fields.contains_key("x-busy") { Overload } else { Verdict::of(answer) }
    });
    assert_eq!(taught(&layer, &told, 200, &[("x-busy", "1")], Vec::new).await, [Overload]);
    assert_eq!(taught(&layer, &told, 404, &[], Vec::new).await, [ClientError]);
}

#[tokio::test]
async fn an_error_of_the_service_is_a_failure_and_frees_the_place() {
    let (told, layer) = layer();
    let inner = service_fn(|_: Request<()>| async { Err::<Response<AnyBody>, _>("broken") });
    assert_eq!(layer.layer(inner).oneshot(Request::new(())).await.unwrap_err(), "broken");
    assert_eq!((verdicts(&told), layer.handle().in_flight()), (vec![Failure], 0));
}

/// Panics when it is called, when its future is polled first, or when it is polled again.
#[derive(Clone)]
struct Panics(u8);

impl Service<Request<()>> for Panics {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Response<AnyBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(self.0 > 0, "in call");
        let polls = self.0;
        Box::pin(async move {
            if polls > 1 {
                yield_now().await;
            }
            panic!("in the future")
        })
    }
}

#[tokio::test]
async fn a_panic_is_a_failure_and_frees_the_place() {
    let (told, layer) = layer();
    for polls in 0..=2 {
        let task = tokio::spawn(layer.layer(Panics(polls)).oneshot(Request::new(())));
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!((verdicts(&told), layer.handle().in_flight()), (vec![Failure], 0), "{polls}");
    }
    let inner = service_fn(|_: Request<()>| async {
        let frames = std::iter::from_fn(|| -> Option<Result<Frame<Bytes>, &'static str>> {
            panic!("in the body")
        });
        let mut response = response(200, &[GRPC], Vec::new());
        let stream = tonic::codegen::tokio_stream::iter(frames);
        *response.body_mut() = BodyExt::boxed(StreamBody::new(stream));
        Ok::<_, Infallible>(response)
    });
    let answer = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    assert_eq!(layer.handle().in_flight(), 1);
    let read = tokio::spawn(async move { drop(answer.into_body().collect().await) });
    assert!(read.await.unwrap_err().is_panic());
    assert_eq!((verdicts(&told), layer.handle().in_flight()), (vec![Failure], 0));
}

/// Whoever catches a panic, as tower-http's `CatchPanic` does, drops the future only afterwards.
#[tokio::test]
async fn a_panic_that_is_caught_outside_is_a_failure_too() {
    let (told, layer) = layer();
    let limiter = layer.handle().limiter("default").unwrap();
    for (panics, waits) in [(Panics(1), false), (Panics(1), true), (Panics(0), true)] {
        limiter.set_limit(1).unwrap();
        let permit = waits.then(|| limiter.try_acquire().unwrap());
        let mut call = Box::pin(layer.layer(panics).oneshot(Request::new(())));
        let mut poll = async || {
            let mut poll = |cx: &mut Context<'_>| {
                catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx).is_pending()))
            };
            std::future::poll_fn(|cx| Poll::Ready(poll(cx))).await
        };
        if waits {
            assert!(poll().await.unwrap());
        }
        drop(permit);
        assert!(poll().await.is_err());
        drop(call);
        assert_eq!((verdicts(&told), limiter.in_flight()), (vec![Failure], 0));
    }
}

#[tokio::test]
async fn a_dry_run_learns_all_the_same() {
    let told = Told::new(1);
    let layer = ConcurrencyLimitLayer::new(told.limiter()).shadow(true);
    assert_eq!(taught(&layer, &told, 503, &[], Vec::new).await, [Overload]);
    assert!(layer.handle().is_shadow());
    assert_eq!(CONTENT_TYPE, GRPC.0);
}
