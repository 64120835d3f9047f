//! What a layer does with the head of a request: find its circuit, and decide.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::Response;
use std::time::Duration;

use super::{
    Breaker,
    breaker::DEFAULT_NAME,
    call::Call,
    state::Admission as Decision,
    watched::{Usage, Watched},
};
use crate::{
    clock::Timestamp,
    head::Head,
    key::{MissingKey, OnMissingKey},
    reject::{Reason, Rejection, Render},
    route::RouteTable,
};

/// What a layer was told.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) base: Option<Breaker>,
    pub(super) routes: Option<RouteTable<Breaker>>,
    pub(super) usage: Usage,
    pub(super) on_reject: Option<Render>,
    pub(super) shadow: bool,
}

/// The same, ready for requests.
pub(super) struct Admission {
    base: Option<Arc<Watched>>,
    routes: Option<RouteTable<Arc<Watched>>>,
    on_reject: Option<Render>,
    pub(super) shadow: AtomicBool,
}

/// The answer to a request that is rejected. Boxed so that the future of one that passes is small.
pub(super) type Answer = Box<Response<Bytes>>;

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let Config { base, routes, usage, on_reject, shadow } = config.clone();
        let watched = |breaker: Breaker, name: &str| {
            breaker.or_named(name);
            Arc::new(Watched::new(breaker.0, usage.clone()))
        };
        Self {
            base: base.map(|breaker| watched(breaker, DEFAULT_NAME)),
            routes: routes.map(|routes| routes.map(|label, breaker| watched(breaker, label))),
            on_reject,
            shadow: AtomicBool::new(shadow),
        }
    }

    /// Every breaker once: the layer's own first.
    pub(super) fn breakers(&self) -> Vec<&Arc<Watched>> {
        let routes = self.routes.iter().flat_map(|routes| routes.entries());
        let mut all: Vec<&Arc<Watched>> = Vec::new();
        for watched in self.base.iter().chain(routes.map(|(_, watched)| watched)) {
            if !all.iter().any(|known| Arc::ptr_eq(&known.breaker, &watched.breaker)) {
                all.push(watched);
            }
        }
        all
    }

    /// Decides on a request. `None` if no breaker is for it, or it only passes in a dry run.
    #[inline]
    pub(super) fn admit(&self, head: &Head<'_>) -> Result<Option<Call>, Answer> {
        let of_route = self.routes.as_ref().and_then(|routes| routes.get(head));
        let Some(watched) = of_route.or(self.base.as_ref()) else { return Ok(None) };
        let member = match watched.member(head) {
            Ok(member) => member,
            Err(missing) => match self.without_key(watched, &missing, head) {
                Some(skipped) => return skipped,
                None => None,
            },
        };
        let (settings, clock) = (watched.breaker.settings(), &watched.usage.clock);
        let started = match settings.slow {
            Some(_) => clock.now(),
            None => Timestamp::default(),
        };
        let found = member.as_deref().unwrap_or(&watched.breaker.circuits.rest);
        let (decision, transition) = found.circuit.admit(settings, || clock.now());
        watched.tell(found, transition);
        match decision {
            Decision::Pass(ticket) => {
                Ok(Some(Call::new(Arc::clone(watched), member, ticket, started)))
            }
            Decision::Reject(wait) => self.reject_open(watched, wait, head),
        }
    }

    /// What becomes of a request that carries no key; `None` if it shares a circuit.
    #[cold]
    fn without_key(
        &self,
        watched: &Watched,
        missing: &MissingKey,
        head: &Head<'_>,
    ) -> Option<Result<Option<Call>, Answer>> {
        watched.meters().missing_keys.increment(1);
        watched.warn_of_missing_key(missing);
        match watched.usage.on_missing_key {
            OnMissingKey::Share => None,
            OnMissingKey::Skip => Some(Ok(None)),
            OnMissingKey::Reject => Some(self.reject(watched, &missing.rejection(), head)),
        }
    }

    #[cold]
    fn reject_open(
        &self,
        watched: &Watched,
        wait: Option<Duration>,
        head: &Head<'_>,
    ) -> Result<Option<Call>, Answer> {
        let mut rejection = Rejection::new(Reason::CircuitOpen);
        if let Some(wait) = wait {
            rejection = rejection.retry_after(wait);
        }
        self.reject(watched, &rejection, head)
    }

    fn reject(
        &self,
        watched: &Watched,
        rejection: &Rejection,
        head: &Head<'_>,
    ) -> Result<Option<Call>, Answer> {
        let meters = watched.meters();
        if self.shadow.load(Ordering::Relaxed) {
            meters.shadowed.increment(1);
            return Ok(None);
        }
        meters.rejected.increment(1);
        Err(Box::new(rejection.response_by(self.on_reject.as_ref(), head)))
    }
}
