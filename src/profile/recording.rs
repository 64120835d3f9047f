use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header::CONTENT_LENGTH};

use super::{
    Outcome, cells::Sample, current::Current, meters::METHODS, outcome::grpc, reporter::Slot,
    route::Route, slowest::Slow, uploads::RequestBytes,
};
use crate::{body::Guard, clock::Timestamp, reject::grpc_code};

/// What is being found out about a request that is under way.
///
/// It goes with the request until the end of the response's body, and is counted when it is dropped, whatever the reason.
pub struct Recording {
    /// `None` only while it is the current one.
    pub(super) route: Option<Arc<Route>>,
    pub(super) method: u8,
    /// Where the route may be told from inside.
    pub(super) slot: Option<Arc<Slot>>,
    /// The gRPC method, if nothing has shown yet that there is such a one.
    pub(super) unproven: Option<Box<str>>,
    pub(super) is_grpc: bool,
    pub(super) id: Option<HeaderValue>,
    pub(super) started: Timestamp,
    pub(super) request_bytes: RequestBytes,
    /// The service is at work, on this thread.
    pub(super) running: bool,
    pub(super) end: End,
    /// From here on: what is known of the response.
    pub(super) status: Option<StatusCode>,
    pub(super) grpc_code: Option<i32>,
    /// In nanoseconds.
    pub(super) to_headers: Option<u64>,
    /// How long its body is going to be, if it says so.
    pub(super) announced: Option<u64>,
    pub(super) response_bytes: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has not, so if it is dropped it was given up.
    Open,
    Complete,
    ServiceFailed,
    BodyFailed,
}

impl Recording {
    /// The head of the response is there.
    pub(super) fn head<B>(&mut self, response: &Response<B>) {
        let Some(route) = &self.route else { return };
        let now = route.shared.clock.now();
        self.to_headers = Some(now.as_nanos().saturating_sub(self.started.as_nanos()));
        let status = response.status();
        self.status = Some(status);
        if self.is_grpc {
            self.grpc_code = grpc_code(response.headers());
            self.prove(status);
        }
        if has_no_body(METHODS[usize::from(self.method)], status) {
            self.end = End::Complete;
        } else {
            let length = response.headers().get(CONTENT_LENGTH);
            self.announced = length.and_then(|length| length.to_str().ok()?.parse().ok());
        }
    }

    /// The service failed.
    pub(super) fn fail(&mut self) {
        self.end = End::ServiceFailed;
    }

    /// For how long it has been under way, in milliseconds.
    pub(super) fn to_headers_millis(&self) -> f64 {
        self.to_headers.unwrap_or_default() as f64 / 1e6
    }

    /// Names a gRPC method that nobody had asked for before, if the response shows that there is one.
    fn prove(&mut self, status: StatusCode) {
        let proven = match self.grpc_code {
            Some(code) => grpc::proves_method(code),
            None => status == StatusCode::OK,
        };
        let (Some(path), true) = (self.unproven.take(), proven) else { return };
        let Some(route) = &mut self.route else { return };
        let Some(known) = route.profile.upgrade().and_then(|core| core.route(&path)) else {
            return;
        };
        known.method(self.method).series.take_over(&route.method(self.method).series);
        *route = known;
    }

    /// What became of it, as far as is known.
    fn outcome(&self) -> Outcome {
        if self.running {
            return Outcome::Panic;
        }
        let whole = || {
            // A body whose length is known may be let go of as soon as all of it was taken.
            self.announced.is_some_and(|announced| self.response_bytes >= announced)
                || self.grpc_code.is_some()
        };
        match (self.end, self.status) {
            (End::ServiceFailed, _) => Outcome::ServiceError,
            (End::BodyFailed, _) => Outcome::BodyError,
            (_, None) => Outcome::CancelledBeforeHeaders,
            (End::Open, Some(_)) if !whole() => Outcome::CancelledInBody,
            (_, Some(_)) if self.is_grpc => Outcome::of_grpc_code(self.final_code()),
            (_, Some(status)) => Outcome::of_status(status),
        }
    }

    /// The code of a call that was answered.
    fn final_code(&self) -> i32 {
        let by_status = || self.status.map_or(grpc::UNKNOWN, grpc::code_of);
        match self.grpc_code.unwrap_or_else(by_status) {
            code @ 0..=16 => code,
            // Codes that there are none of would be as many labels.
            _ => grpc::UNKNOWN,
        }
    }

    /// The code of a call however it ended.
    fn code(&self, outcome: Outcome) -> i32 {
        match outcome {
            Outcome::CancelledBeforeHeaders | Outcome::CancelledInBody => grpc::CANCELLED,
            Outcome::ServiceError | Outcome::BodyError | Outcome::Panic => grpc::UNKNOWN,
            Outcome::Ok | Outcome::ClientError | Outcome::ServerError => self.final_code(),
        }
    }

    fn count(&mut self, mut route: Arc<Route>) {
        if let Some(slot) = &self.slot {
            route = slot.close(route);
        }
        let (outcome, status) = (self.outcome(), self.status.map(|status| status.as_u16()));
        let method = route.method(self.method);
        let now = route.shared.clock.now();
        let latency = now.saturating_since(self.started);
        let sample = Sample {
            outcome,
            latency: latency.as_nanos() as u64,
            to_headers: self.to_headers,
            request_bytes: self.request_bytes.get(),
            response_bytes: self.response_bytes,
        };
        if method.series.end(now, &sample) {
            let id = self.id.take();
            method.series.keep(Slow { ended: now, latency, status, outcome, id });
        }
        let meters = &method.meters;
        meters.duration(status.unwrap_or_default(), outcome).record(latency);
        if self.is_grpc {
            meters.call(self.code(outcome)).record(latency);
        }
        if sample.request_bytes > 0 {
            meters.request_bytes().record(sample.request_bytes as f64);
        }
        if status.is_some() {
            meters.response_bytes().record(self.response_bytes as f64);
        }
        route.shared.active.get(self.method).decrement(1.0);
    }
}

/// Whether the body of such a response is not sent, or is no longer HTTP's (RFC 9110, section 6.4.1).
fn has_no_body(method: &str, status: StatusCode) -> bool {
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    method == "HEAD"
        || status.is_informational()
        || bodiless.contains(&status)
        || (method == "CONNECT" && status.is_success())
}

impl Guard for Recording {
    /// Lets operations inside find the profile. If `work` panics, it never comes to its end.
    fn around<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.running = true;
        let done = {
            let _current = Current::enter(&mut self.route);
            work()
        };
        self.running = false;
        done
    }

    fn data(&mut self, bytes: usize) {
        self.response_bytes += bytes as u64;
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if self.is_grpc && self.grpc_code.is_none() {
            self.grpc_code = grpc_code(trailers);
        }
    }

    fn failed(&mut self) {
        self.end = End::BodyFailed;
    }

    fn complete(&mut self) {
        self.end = End::Complete;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(route) = self.route.take() {
            self.count(route);
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("route", &self.route).finish_non_exhaustive()
    }
}
