//! Batches that are recorded, bodies that come when they are told to, and clients.

use std::{
    future::{Ready, ready},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::sync::mpsc;
use tower::ServiceExt;
use tower_weir::{
    batch::{BatchLayer, Fixed, HttpBatched},
    body::ResponseBody,
    clock::{Clock, Timestamp},
    reject::Rejected,
};

pub(crate) const LINGER: Duration = Duration::from_millis(20);

/// A layer that reads the time that tests pause.
pub(crate) fn layer() -> BatchLayer<Request<Bytes>> {
    BatchLayer::new().clock(Clock::runtime()).linger(Fixed::new(LINGER))
}

/// What came, batch by batch.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Vec<Request<Bytes>>>>>);

impl Record {
    /// Each request as its path and its body.
    pub(crate) fn batches(&self) -> Vec<Vec<String>> {
        let line = |request: &Request<Bytes>| {
            format!("{} {}", request.uri(), String::from_utf8_lossy(request.body()))
        };
        self.0.lock().unwrap().iter().map(|batch| batch.iter().map(line).collect()).collect()
    }

    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(Vec::len).collect()
    }

    /// All requests, in their order.
    pub(crate) fn take(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().flatten().collect()
    }

    pub(crate) fn add(&self, batch: Vec<Request<Bytes>>) {
        self.0.lock().unwrap().push(batch);
    }

    /// A function that answers each request with its body.
    pub(crate) fn echo(
        &self,
    ) -> impl Fn(Vec<Request<Bytes>>) -> Ready<Vec<Response<Full<Bytes>>>> + Clone + Send + 'static
    {
        let record = self.clone();
        move |batch| {
            let answer =
                |request: &Request<Bytes>| Response::new(Full::new(request.body().clone()));
            let answers = batch.iter().map(answer).collect();
            record.add(batch);
            ready(answers)
        }
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) is_rejection: bool,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The sentence for people.
    pub(crate) fn detail(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["status"], self.status);
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// Sends a request.
pub(crate) async fn send<B, E>(service: &HttpBatched<Full<Bytes>, E>, request: Request<B>) -> Answer
where
    B: Body,
    B::Error: Into<tower::BoxError>,
{
    let response = service.clone().oneshot(request).await.unwrap();
    received(response).await
}

pub(crate) async fn received(response: Response<ResponseBody<Full<Bytes>>>) -> Answer {
    let is_rejection = Rejected::is_on(&response);
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, is_rejection, text }
}

/// A request for `path` with this text.
pub(crate) fn post(path: &str, text: &str) -> Request<Full<Bytes>> {
    Request::post(path).body(Full::from(text.to_owned())).unwrap()
}

/// A gRPC call without a message.
pub(crate) fn call() -> Request<Full<Bytes>> {
    call_with("")
}

/// A gRPC call with this text as a message.
pub(crate) fn call_with(text: &str) -> Request<Full<Bytes>> {
    let mut call = post("/a.Service/Method", text);
    call.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
    call
}

/// A body that comes as its sender sends it.
pub(crate) struct Coming(mpsc::UnboundedReceiver<Piece>);

pub(crate) enum Piece {
    Data(&'static str),
    Trailers(HeaderMap),
    Error,
}

/// A request with a body that is yet to come.
pub(crate) fn coming(path: &str) -> (Request<Coming>, mpsc::UnboundedSender<Piece>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Request::post(path).body(Coming(receiver)).unwrap(), sender)
}

impl Body for Coming {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.0.poll_recv(cx).map(|piece| {
            piece.map(|piece| match piece {
                Piece::Data(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
                Piece::Trailers(trailers) => Ok(Frame::trailers(trailers)),
                Piece::Error => Err("torn"),
            })
        })
    }
}

/// Measures the time that tests pause.
pub(crate) struct Watch(Clock, Timestamp);

impl Watch {
    pub(crate) fn start() -> Self {
        let clock = Clock::runtime();
        let now = clock.now();
        Self(clock, now)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.now().saturating_since(self.1)
    }
}
