//! What happens to a request, but for calling the service inside.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::Response;

use super::{
    HoldUntil, Limiter,
    gate::{Ask, Entry, Gate, Permit, Waiter},
    held::Held,
    keyed::Keyed,
    limiter::Gates,
    refusal::Refusal,
    shed::Shed,
};
use crate::{
    head::Head,
    key::{MissingKey, OnMissingKey},
    route::RouteTable,
    verdict::Judge,
};

pub(super) type TestFn = Arc<dyn Fn(&Head<'_>) -> bool + Send + Sync>;

/// What a layer is configured with.
#[derive(Clone)]
pub(super) struct Config {
    /// None, if only routes are limited.
    pub(super) limiter: Option<Limiter>,
    pub(super) routes: Option<RouteTable<Limiter>>,
    pub(super) hold_until: HoldUntil,
    pub(super) judge: Judge,
    pub(super) exempt: Vec<TestFn>,
    pub(super) shadow: bool,
    pub(super) shed: Shed,
}

/// A layer at work.
pub(super) struct Admission {
    config: Config,
    shadow: AtomicBool,
    /// The gate of all requests, if nothing of them matters to it: neither their route, nor a key, nor a class, nor whether
    /// they are exempt.
    only_gate: Option<Arc<Gate>>,
}

/// What becomes of a request.
pub(super) enum Ruling {
    /// It is in; with nothing to hold if it is not limited.
    Admitted(Option<Held>),
    Waits(Waiter),
    Refused(Refusal),
    /// It carries no key.
    Unknown(MissingKey),
}

impl Admission {
    pub(super) fn new(config: Config) -> Self {
        // The first route that names a limiter names it for all.
        for (pattern, limiter) in config.routes.iter().flat_map(RouteTable::entries) {
            limiter.name_if_unnamed(pattern);
        }
        Self { shadow: AtomicBool::new(config.shadow), only_gate: only_gate(&config), config }
    }

    /// The limiters: the layer's own, then those of routes, each once.
    pub(super) fn limiters(&self) -> Vec<&Limiter> {
        let routes = self.config.routes.iter().flat_map(RouteTable::entries);
        let mut limiters: Vec<&Limiter> = Vec::new();
        for limiter in self.config.limiter.iter().chain(routes.map(|(_, limiter)| limiter)) {
            if !limiters.iter().any(|known| known.shares_state_with(limiter)) {
                limiters.push(limiter);
            }
        }
        limiters
    }

    /// Decides on a request of which nothing matters, as far as that can be done without a wait.
    // Always, as are those it calls: what is held then never lies anywhere but in the future, which saves a tenth of all that
    // is done.
    #[inline(always)]
    pub(super) fn decide_at_once(&self) -> Option<Result<Held, Refusal>> {
        let gate = self.only_gate.as_ref()?;
        if self.is_shadow() {
            return None;
        }
        // First, so that nothing needs to be done between the entry and the return: the permit is not put down anywhere.
        let since = gate.starts();
        let entered = gate.enter_at_once()?;
        Some(
            entered
                .map(|(permit, in_flight)| Held::new(permit, in_flight, since, &self.config.judge)),
        )
    }

    /// Decides on any request.
    pub(super) fn decide(&self, head: &Head<'_>) -> Ruling {
        let routed = self.config.routes.as_ref().and_then(|routes| routes.get(head));
        let Some(limiter) = routed.or(self.config.limiter.as_ref()) else {
            return Ruling::Admitted(None);
        };
        if self.config.exempt.iter().any(|exempt| exempt(head)) {
            limiter.meters().exempt.increment(1);
            return Ruling::Admitted(None);
        }
        match limiter.gates() {
            Gates::One(gate) => self.decide_at(gate, head),
            Gates::PerKey(keyed) => match keyed.gate(head) {
                Ok(gate) => self.decide_at(&gate, head),
                Err(missing) => self.decide_without_key(limiter, keyed, missing, head),
            },
        }
    }

    #[cold]
    fn decide_without_key(
        &self,
        limiter: &Limiter,
        keyed: &Keyed,
        missing: MissingKey,
        head: &Head<'_>,
    ) -> Ruling {
        let meters = limiter.meters();
        meters.missing_keys.increment(1);
        keyed.warn_of(&missing, limiter.name());
        let counter = match keyed.on_missing() {
            OnMissingKey::Share => return self.decide_at(keyed.rest(), head),
            OnMissingKey::Skip => &meters.exempt,
            OnMissingKey::Reject if self.is_shadow() => &meters.shadowed,
            OnMissingKey::Reject => {
                meters.error.increment(1);
                return Ruling::Unknown(missing);
            }
        };
        counter.increment(1);
        Ruling::Admitted(None)
    }

    #[inline]
    fn decide_at(&self, gate: &Arc<Gate>, head: &Head<'_>) -> Ruling {
        let terms = gate.terms();
        let class = terms.priorities.as_ref().map_or(0, |priorities| priorities.class_of(head));
        if self.is_shadow() {
            return self.decide_dry(gate, class);
        }
        match gate.enter(class, || Ask::of(terms, class, head)) {
            Entry::Admitted(permit, in_flight) => {
                Ruling::Admitted(Some(self.held(permit, in_flight)))
            }
            Entry::Waits(waiter) => Ruling::Waits(waiter),
            Entry::Refused(refusal) => Ruling::Refused(refusal),
        }
    }

    /// Lets a request in whatever the limit, and counts whether it would have been.
    #[cold]
    fn decide_dry(&self, gate: &Arc<Gate>, class: usize) -> Ruling {
        let meters = gate.meters().class(class);
        let (permit, in_flight) = match gate.try_enter(class) {
            Ok(entered) => {
                meters.admitted.increment(1);
                entered
            }
            Err(_) => {
                meters.shadowed.increment(1);
                gate.enter_anyway(class)
            }
        };
        Ruling::Admitted(Some(self.held(permit, in_flight)))
    }

    /// What is held for a request that is let in now.
    #[inline]
    pub(super) fn held(&self, permit: Permit, in_flight: u32) -> Held {
        let since = permit.gate().starts();
        Held::new(permit, in_flight, since, &self.config.judge)
    }

    pub(super) fn hold_until(&self) -> HoldUntil {
        self.config.hold_until
    }

    pub(super) fn shed(&self) -> &Shed {
        &self.config.shed
    }

    pub(super) fn reject_unknown(&self, missing: &MissingKey, head: &Head<'_>) -> Response<Bytes> {
        self.config.shed.render_one(&missing.rejection(), head)
    }

    #[inline]
    pub(super) fn is_shadow(&self) -> bool {
        self.shadow.load(Ordering::Relaxed)
    }

    pub(super) fn set_shadow(&self, shadow: bool) {
        self.shadow.store(shadow, Ordering::Relaxed);
    }
}

fn only_gate(config: &Config) -> Option<Arc<Gate>> {
    let Gates::One(gate) = config.limiter.as_ref()?.gates() else { return None };
    let any =
        config.routes.is_none() && config.exempt.is_empty() && gate.terms().priorities.is_none();
    any.then(|| Arc::clone(gate))
}
