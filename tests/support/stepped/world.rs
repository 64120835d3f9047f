use std::{
    fmt::Display,
    pin::pin,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use tower::{Service, ServiceExt};
use tower_weir::clock::ManualClock;

use super::{Failure, Seen, polled};

/// A layer in front of [`Inner`](super::Inner): its service and its handle.
#[derive(Clone)]
pub(crate) struct World<S, H> {
    pub(crate) service: S,
    pub(crate) handle: H,
    pub(crate) hand: ManualClock,
    pub(crate) seen: Arc<Seen>,
}

impl<S, H, B> World<S, H>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Failure, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    H: Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Display> + Send + 'static,
{
    pub(crate) fn calls(&self) -> usize {
        self.seen.calls.load(SeqCst)
    }

    /// The head alone.
    pub(crate) async fn head(&self, request: Request<()>) -> Result<Response<B>, Failure> {
        self.service.clone().oneshot(request.map(|()| Empty::new())).await
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Result<Got, Failure> {
        Ok(Got::of(self.head(request).await?).await)
    }

    /// Sends it from a task of its own, which has got as far as it gets when this returns.
    pub(crate) async fn start(&self, request: Request<()>) -> Client {
        let client = self.spawn(request);
        settle().await;
        client
    }

    pub(crate) fn spawn(&self, request: Request<()>) -> Client {
        let this = self.clone();
        tokio::spawn(async move { this.send(request).await })
    }

    /// Nothing of a call goes on that nobody waits for.
    pub(crate) async fn calls_have_ended(&self) {
        settle().await;
        assert_eq!(self.seen.live.load(SeqCst), 0, "calls or bodies that go on");
    }

    /// Of six clients the first leaves after so many polls; all others get what [`Play::halting`](super::Play::halting)
    /// answered it. Whether it had its answer by then.
    pub(crate) async fn leader_leaves(&self, polls: usize, others_run: bool) -> bool {
        let mut clients = Vec::new();
        let ended = {
            let mut leader = pin!(self.send(get()));
            let early = polled(leader.as_mut(), polls.min(1), others_run).await;
            clients.extend((0..5).map(|_| self.spawn(get())));
            tokio::task::yield_now().await;
            early || polled(leader, polls.saturating_sub(1), others_run).await
        };
        for client in clients {
            assert_eq!(client.await.unwrap().unwrap().text, "call 0.", "after {polls} polls");
        }
        assert_eq!(self.calls(), 1, "after {polls} polls");
        ended
    }

    /// Five clients ask on a runtime that ends after so many turns.
    pub(crate) fn runtime_ends(&self, turns: usize) {
        runtime().block_on(async {
            for _ in 0..5 {
                drop(self.spawn(get()));
            }
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        });
    }
}

pub(crate) type Client = tokio::task::JoinHandle<Result<Got, Failure>>;

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn get() -> Request<()> {
    Request::get("/").body(()).unwrap()
}

/// What goes on in other tasks goes as far as it gets.
pub(crate) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: http::response::Parts,
    pub(crate) text: String,
    pub(crate) trailers: Option<HeaderMap>,
    /// Why the body broke off.
    pub(crate) broken: Option<String>,
}

impl Got {
    pub(crate) async fn of<B: Body<Data = Bytes, Error: Display>>(response: Response<B>) -> Self {
        let (head, body) = response.into_parts();
        let mut body = Box::pin(body);
        let mut got = Self { head, text: String::new(), trailers: None, broken: None };
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => got.text.push_str(std::str::from_utf8(&data).unwrap()),
                Ok(Err(frame)) => got.trailers = frame.into_trailers().ok(),
                Err(error) => got.broken = Some(error.to_string()),
            }
        }
        got
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }
}
