use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use http::{HeaderMap, Response};
use http_body::Body;

use super::{
    current, pool,
    state::{End, State},
    uploads::RequestBytes,
};
use crate::body::Guard;

/// What is being found out about a request that is under way.
///
/// It goes with the request until the end of the response's body, and is counted when it is dropped, whatever the reason.
pub struct Recording {
    /// `None` only when it has been counted. Boxed, as it is moved several times on its way.
    state: Option<Box<State>>,
}

/// The service is at work, and operations inside find the profile. Dropped, it panicked.
///
/// Not a function around the work, whose result would be copied once more on its way out.
#[must_use = "dropped, it counts a panic"]
pub(super) struct Running(Recording);

impl Running {
    /// The service has come back.
    #[inline]
    pub(super) fn stop(mut self) -> Recording {
        self.leave();
        if let Some(state) = &mut self.0.state {
            state.running = false;
        }
        Recording { state: self.0.state.take() }
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(state) = &mut self.0.state {
            current::swap(&mut state.route);
        }
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

impl Recording {
    /// Of a request that begins. `begin` tells what is known of it to a state that knows nothing.
    #[inline]
    pub(super) fn new(begin: impl FnOnce(&mut State)) -> Self {
        let mut state = pool::take();
        begin(&mut state);
        Self { state: Some(state) }
    }

    /// The service is about to be at work for the request, on this thread.
    #[inline]
    pub(super) fn start(mut self) -> Running {
        if let Some(state) = &mut self.state {
            state.running = true;
            current::swap(&mut state.route);
        }
        Running(self)
    }

    /// The head of the response is there.
    #[inline]
    pub(super) fn head<B: Body>(&mut self, response: &Response<B>) {
        if let Some(state) = &mut self.state {
            state.head(response);
        }
    }

    /// The service failed.
    pub(super) fn fail(&mut self) {
        self.end(End::ServiceFailed);
    }

    /// For how long it has been under way, in milliseconds.
    pub(super) fn to_headers_millis(&self) -> f64 {
        let nanos = self.state.as_ref().and_then(|state| state.to_headers);
        nanos.unwrap_or_default() as f64 / 1e6
    }

    /// From now on counts what is read of the request.
    pub(super) fn count_upload(&mut self) -> Arc<AtomicU64> {
        let read = Arc::default();
        if let Some(state) = &mut self.state {
            state.request_bytes = RequestBytes::Read(Arc::clone(&read));
        }
        read
    }

    fn end(&mut self, end: End) {
        if let Some(state) = &mut self.state {
            state.end = end;
        }
    }
}

impl Guard for Recording {
    #[inline]
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let running = Recording { state: self.state.take() }.start();
        let done = poll();
        *self = running.stop();
        done
    }

    #[inline]
    fn data(&mut self, bytes: usize) {
        if let Some(state) = &mut self.state {
            state.response_bytes += bytes as u64;
        }
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(state) = &mut self.state {
            state.trailers(trailers);
        }
    }

    fn failed(&mut self) {
        self.end(End::BodyFailed);
    }

    #[inline]
    fn complete(&mut self) {
        self.end(End::Complete);
    }
}

impl Drop for Recording {
    #[inline]
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            count(state);
        }
    }
}

/// By itself, as most recordings that are dropped have been moved on.
#[inline(never)]
fn count(mut state: Box<State>) {
    if let Some(route) = state.route.take() {
        state.count(route);
    }
    state.forget();
    pool::give_back(state);
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.state.as_ref().map(|state| &state.route);
        f.debug_struct("Recording").field("route", &route).finish_non_exhaustive()
    }
}
