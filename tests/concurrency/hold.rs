//! Until when a request counts as under way.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    body::ResponseBody,
    concurrency::{ConcurrencyLimitLayer, Held, HoldUntil},
};

use super::{limiter, patient};

/// Frames in order.
#[derive(Default)]
struct Frames(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

fn chunk() -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::data(Bytes::from_static(b"chunk")))
}

fn trailers() -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::trailers(HeaderMap::new()))
}

/// What a service answers whose body has these frames.
async fn answer(
    layer: &ConcurrencyLimitLayer,
    frames: impl IntoIterator<Item = Result<Frame<Bytes>, &'static str>>,
) -> Response<ResponseBody<Frames, Held>> {
    let frames = Arc::new(Mutex::new(Frames(frames.into_iter().collect())));
    let inner = service_fn(move |_: Request<()>| {
        let body = std::mem::take(&mut *frames.lock().unwrap());
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    layer.layer(inner).oneshot(Request::new(())).await.unwrap()
}

fn held_to(until: HoldUntil) -> (ConcurrencyLimitLayer, impl Fn() -> usize) {
    let layer = ConcurrencyLimitLayer::new(limiter(1).reject_when_full()).hold_until(until);
    let handle = layer.handle();
    (layer, move || handle.in_flight())
}

#[tokio::test]
async fn a_streaming_body_counts_to_its_end() {
    let layer = ConcurrencyLimitLayer::new(limiter(1).reject_when_full());
    let under_way = || layer.handle().in_flight();
    let mut streaming = answer(&layer, [chunk(), chunk(), trailers()]).await;
    assert_eq!(answer(&layer, [chunk()]).await.status(), 503);
    for left in [1, 1, 0] {
        assert_eq!(under_way(), 1);
        streaming.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(under_way(), left);
    }
    assert_eq!(answer(&layer, [chunk()]).await.status(), 200);
}

#[tokio::test]
async fn the_last_frame_an_error_or_being_dropped_is_the_end_of_a_body() {
    let (layer, under_way) = held_to(HoldUntil::BodyEnd);
    // Of a body that knows its end nobody asks for more.
    let mut body = answer(&layer, [chunk()]).await.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(under_way(), 0);
    let mut body = answer(&layer, [chunk(), Err("torn"), chunk()]).await.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(under_way(), 1);
    body.frame().await.unwrap().unwrap_err();
    assert_eq!(under_way(), 0);
    let body = answer(&layer, [chunk()]).await;
    assert_eq!(under_way(), 1);
    drop(body);
    assert_eq!(under_way(), 0);
    let _empty = answer(&layer, []).await;
    assert_eq!(under_way(), 0);
}

#[tokio::test]
async fn a_body_need_not_count() {
    let (layer, under_way) = held_to(HoldUntil::Headers);
    let bodies = [answer(&layer, [chunk()]).await, answer(&layer, [chunk()]).await];
    assert_eq!(under_way(), 0);
    for body in bodies {
        assert_eq!(body.status(), 200);
        assert_eq!(body.into_body().collect().await.unwrap().to_bytes(), "chunk");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_comes_in_when_a_body_ends() {
    let layer = ConcurrencyLimitLayer::new(patient(1));
    let mut streaming = answer(&layer, [chunk(), chunk()]).await;
    let next = tokio::spawn({
        let layer = layer.clone();
        async move { answer(&layer, [chunk()]).await.status().as_u16() }
    });
    streaming.body_mut().frame().await.unwrap().unwrap();
    tokio::time::sleep(super::millis(50)).await;
    assert!(!next.is_finished() && layer.handle().waiting() == 1);
    streaming.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(next.await.unwrap(), 200);
}
