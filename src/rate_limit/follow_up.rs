use std::{fmt, mem, sync::Arc, thread, time::Duration};

use http::{HeaderMap, Response, StatusCode};
use smallvec::SmallVec;

#[cfg(feature = "redis")]
use super::shared::Settlement;
use super::{
    active::ActiveRule, adaptive::Generation, exceptions::Tiers, report::Report, served::Served,
};
use crate::{
    body::Guard,
    clock::Timestamp,
    key::Key,
    reject::{grpc_code, is_grpc},
};

/// What is still to be done for a request that passed: its response decides on the charge, or tells how the service fares.
///
/// It goes with the response until enough is known, which may be the end of the body. Dropped before, it charges what was
/// reserved: whoever leaves early may have caused all of the work.
pub struct FollowUp(Box<State>);

struct State {
    rule: Arc<ActiveRule>,
    key: Key,
    tiers: Tiers,
    started: Timestamp,
    is_grpc: bool,
    /// What is reserved, until it is settled.
    held: Option<u32>,
    /// How it is settled where processes share the limit.
    #[cfg(feature = "redis")]
    settlement: Option<Box<Settlement>>,
    /// What the controllers are to be told the outcome of; empty once they were.
    begun: SmallVec<[Generation; 1]>,
    /// From here on: what is known of the response.
    status: Option<StatusCode>,
    latency: Duration,
    grpc_code: Option<i32>,
    bytes: u64,
    complete: bool,
}

impl FollowUp {
    /// `None` if nothing is to be done for the rule's responses. `held` is what was reserved; without, nothing is charged.
    pub(super) fn new(
        rule: &Arc<ActiveRule>,
        key: Key,
        tiers: Tiers,
        started: Timestamp,
        held: Option<u32>,
        request: &HeaderMap,
    ) -> Option<Self> {
        let judges = rule.judges();
        if held.is_none() && !judges {
            return None;
        }
        let begun = if judges { rule.begin() } else { SmallVec::new() };
        Some(Self(Box::new(State {
            rule: Arc::clone(rule),
            key,
            tiers,
            started,
            is_grpc: is_grpc(request),
            held,
            #[cfg(feature = "redis")]
            settlement: None,
            begun,
            status: None,
            latency: Duration::ZERO,
            grpc_code: None,
            bytes: 0,
            complete: false,
        })))
    }

    /// What was reserved is charged in a store that processes share.
    #[cfg(feature = "redis")]
    pub(super) fn settle_by(&mut self, settlement: Settlement) {
        self.0.settlement = Some(Box::new(settlement));
    }

    /// The head of the response is there. Gives itself back if the body matters too, and tells how the key stands if only the
    /// response could say.
    pub(super) fn head<B>(mut self, response: &Response<B>) -> (Option<Self>, Option<Report>) {
        let state = &mut *self.0;
        let settles = state.held.is_some();
        state.latency = state.rule.limiter.now().saturating_since(state.started);
        state.status = Some(response.status());
        state.learn(response.headers());
        let report = settles.then(|| state.standing()).flatten();
        let done = state.held.is_none() && state.begun.is_empty();
        ((!done).then_some(self), report)
    }

    /// The inner service failed.
    pub(super) fn failed(mut self) {
        let state = &mut self.0;
        state.latency = state.rule.limiter.now().saturating_since(state.started);
        state.judged(Some(true));
    }
}

impl Guard for FollowUp {
    fn data(&mut self, bytes: usize) {
        self.0.bytes += bytes as u64;
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        self.0.learn(trailers);
    }

    fn complete(&mut self) {
        self.0.complete = true;
        self.0.end();
    }
}

impl State {
    /// Fields arrived that may hold the status.
    fn learn(&mut self, fields: &HeaderMap) {
        if self.is_grpc {
            self.grpc_code = self.grpc_code.or_else(|| grpc_code(fields));
            // An HTTP status that is none of gRPC's will not be followed by a code.
            let fails = self.status.is_some_and(|status| status != StatusCode::OK);
            if self.grpc_code.is_none() && !fails {
                return;
            }
        }
        self.judged(self.served(fields, |served| served.is_overload()));
        self.settle(false, fields);
    }

    /// Nothing more will be known.
    fn end(&mut self) {
        let none = HeaderMap::new();
        if self.status.is_none() {
            self.latency = self.rule.limiter.now().saturating_since(self.started);
        }
        // One that ended early says something only if it took too long before.
        let overload = self.served(&none, |served| served.is_overload());
        self.judged(overload.filter(|_| self.complete));
        if self.complete || self.rule.charge_on.as_ref().is_some_and(|charge_on| charge_on.at_end) {
            self.settle(true, &none);
        }
    }

    fn served<T>(&self, fields: &HeaderMap, look: impl FnOnce(&Served<'_>) -> T) -> Option<T> {
        Some(look(&Served {
            status: self.status?,
            grpc_code: self.grpc_code,
            fields,
            bytes: self.bytes,
            complete: self.complete,
            latency: self.latency,
        }))
    }

    fn judged(&mut self, overload: Option<bool>) {
        self.rule.end(&mem::take(&mut self.begun), overload, self.latency);
    }

    /// Charges what the response says, if this is when it is asked.
    fn settle(&mut self, at_end: bool, fields: &HeaderMap) {
        let Some(charge_on) = &self.rule.charge_on else { return };
        if self.held.is_none() || (charge_on.at_end && !at_end) {
            return;
        }
        if let Some(cost) = self.served(fields, |served| (charge_on.charge)(served)) {
            self.charge(cost);
        }
    }

    /// What the key is to be told.
    fn standing(&self) -> Option<Report> {
        #[cfg(feature = "redis")]
        if let Some(settlement) = &self.settlement {
            return settlement.report(&self.rule, self.key, &self.tiers);
        }
        self.rule.standing(self.key, &self.tiers)
    }

    fn charge(&mut self, cost: u32) {
        if let Some(held) = self.held.take() {
            #[cfg(feature = "redis")]
            if let Some(settlement) = &mut self.settlement {
                return settlement.settle(&self.rule, self.key, cost);
            }
            self.rule.settle(self.key, &self.tiers, held, cost);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Also if the charge function panics.
        let state = Unsettled(self);
        // One that panics while another panic unwinds would end the process.
        if !thread::panicking() {
            state.0.end();
        }
    }
}

/// Charges what is still reserved when it is dropped.
struct Unsettled<'a>(&'a mut State);

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.0.held {
            self.0.charge(held);
        }
    }
}

impl fmt::Debug for FollowUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowUp").finish_non_exhaustive()
    }
}
