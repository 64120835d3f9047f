//! What is known of a request that is under way, and what it comes to.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::Body;

use super::{
    Outcome,
    cells::Sample,
    meters::METHODS,
    outcome::grpc,
    reporter::Slot,
    route::Route,
    slowest::{self, Slow},
    uploads::RequestBytes,
};
use crate::{
    clock::Timestamp,
    reject::{grpc_code, is_grpc},
};

/// What is known of a request.
#[derive(Default)]
pub(super) struct State {
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
    /// Its head is one of gRPC's.
    pub(super) answered_in_grpc: bool,
    /// In nanoseconds.
    pub(super) to_headers: Option<u64>,
    /// How long its body is going to be, if it says so.
    pub(super) announced: Option<u64>,
    pub(super) response_bytes: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// It has not, so if it is dropped it was given up.
    #[default]
    Open,
    Complete,
    ServiceFailed,
    BodyFailed,
}

impl State {
    /// Makes it as good as new. Field by field, as a whole one would be made elsewhere and copied here.
    pub(super) fn forget(&mut self) {
        self.route = None;
        self.slot = None;
        self.unproven = None;
        self.id = None;
        self.request_bytes = RequestBytes::default();
        self.running = false;
        self.end = End::Open;
        self.status = None;
        self.grpc_code = None;
        self.answered_in_grpc = false;
        self.to_headers = None;
        self.announced = None;
        self.response_bytes = 0;
    }

    /// The head of the response is there.
    pub(super) fn head<B: Body>(&mut self, response: &Response<B>) {
        let Some(route) = &self.route else { return };
        let now = route.shared.clock.now();
        self.to_headers = Some(now.as_nanos().saturating_sub(self.started.as_nanos()));
        let status = response.status();
        self.status = Some(status);
        if self.is_grpc {
            self.grpc_code = grpc_code(response.headers());
            self.answered_in_grpc = self.grpc_code.is_some() || is_grpc(response.headers());
            if self.answered_in_grpc {
                self.prove(status);
            }
            // Anybody may claim to speak gRPC: a success in another language is none of its calls. A failure is, to a client.
            self.is_grpc = self.answered_in_grpc || !status.is_success();
        }
        if has_no_body(METHODS[usize::from(self.method)], status) {
            self.end = End::Complete;
        } else {
            let said = || response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
            self.announced = response.body().size_hint().exact().or_else(said);
        }
    }

    /// The trailers of the response are there.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        if self.is_grpc && self.grpc_code.is_none() {
            self.grpc_code = grpc_code(trailers);
        }
    }

    /// Names a gRPC method that nobody had asked for before, if the response shows that there is one.
    fn prove(&mut self, status: StatusCode) {
        let proven = match self.grpc_code {
            Some(code) => grpc::proves_method(code),
            None => status == StatusCode::OK,
        };
        if let (Some(path), Some(slot), true) = (self.unproven.take(), &self.slot, proven) {
            slot.tell(&path);
        }
    }

    /// What became of it, as far as is known.
    fn outcome(&self) -> Outcome {
        if self.running {
            return Outcome::Panic;
        }
        let whole = || match self.answered_in_grpc {
            true => self.grpc_code.is_some(),
            // A body whose length is known may be let go of as soon as all of it was taken.
            false => self.announced.is_some_and(|announced| self.response_bytes >= announced),
        };
        match (self.end, self.status) {
            (End::ServiceFailed, _) => Outcome::ServiceError,
            (End::BodyFailed, _) => Outcome::BodyError,
            (_, None) => Outcome::CancelledBeforeHeaders,
            (End::Open, Some(_)) if !whole() => Outcome::CancelledInBody,
            (_, Some(_)) if self.answered_in_grpc => Outcome::of_grpc_code(self.final_code()),
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

    /// Counts it, as it is known now.
    pub(super) fn count(&mut self, mut route: Arc<Route>) {
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
            let id = self.id.as_ref().map(slowest::id);
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
