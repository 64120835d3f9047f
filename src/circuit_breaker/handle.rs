use std::{
    fmt,
    hash::Hash,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Counts, State,
    admission::Admission,
    circuits::{Forced, Member},
    watched::Watched,
};
use crate::{clock::Timestamp, error::ConfigError, key::Key};

/// Reads and steers a running [`CircuitBreakerLayer`](super::CircuitBreakerLayer).
///
/// ```
/// use http::HeaderName;
/// use tower_weir::{circuit_breaker::{Breaker, CircuitBreakerLayer, State}, key::Header};
///
/// let tenant = Header(HeaderName::from_static("x-tenant"));
/// let layer = CircuitBreakerLayer::new(Breaker::new().named("payments")).key(tenant);
/// let handle = layer.handle();
///
/// // While requests are served:
/// let payments = handle.breaker("payments")?;
/// payments.force_open(); // the service is being repaired
/// payments.reset();
/// let blue = payments.key("blue").expect("there is room for one key");
/// assert_eq!(blue.state(), State::Closed);
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// Take it from the layer as it is given to a service: one that is configured further afterwards shares the breakers, but not
/// the rest. Clones of the layer, and all services that it makes, are steered by one handle.
#[derive(Clone)]
pub struct Handle(Arc<Admission>);

/// Reads and steers one breaker of a layer.
#[derive(Clone)]
pub struct BreakerHandle {
    /// One, or several that share a name.
    watched: Vec<Arc<Watched>>,
}

/// Reads and steers one circuit of a breaker: that of a key, or that for requests without.
#[derive(Clone)]
pub struct CircuitHandle {
    /// One, or several if breakers share a name.
    places: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    watched: Arc<Watched>,
    /// `None` is the one for requests without a key.
    member: Option<Arc<Member>>,
}

impl Handle {
    pub(super) fn new(admission: &Arc<Admission>) -> Self {
        Self(Arc::clone(admission))
    }

    /// The breaker of this name: what [`named`](super::Breaker::named) said, or a route's pattern, or `default`.
    ///
    /// # Errors
    ///
    /// If there is none; the error names those that there are.
    pub fn breaker(&self, name: &str) -> Result<BreakerHandle, ConfigError> {
        let all = self.0.breakers();
        let named = all.iter().filter(|watched| **watched.breaker.name() == *name);
        let watched: Vec<_> = named.map(|watched| Arc::clone(watched)).collect();
        if !watched.is_empty() {
            return Ok(BreakerHandle { watched });
        }
        let mut known: Vec<_> =
            all.iter().map(|watched| format!("`{}`", watched.breaker.name())).collect();
        known.dedup();
        let allowed = format!("there is no such breaker; allowed: {}", known.join(", "));
        Err(ConfigError::new("breaker", name, allowed))
    }

    /// All breakers: the layer's own, then those of routes.
    pub fn breakers(&self) -> impl Iterator<Item = BreakerHandle> {
        let mut names: Vec<_> = Vec::new();
        for watched in self.0.breakers() {
            if !names.contains(watched.breaker.name()) {
                names.push(watched.breaker.name().clone());
            }
        }
        names.into_iter().filter_map(|name| self.breaker(&name).ok())
    }

    /// Whether the layer only counts what it would reject.
    pub fn is_shadow(&self) -> bool {
        self.0.shadow.load(Ordering::Relaxed)
    }

    /// Makes the layer only count what it would reject, or reject it from now on: see
    /// [`shadow`](super::CircuitBreakerLayer::shadow).
    pub fn set_shadow(&self, shadow: bool) {
        self.0.shadow.store(shadow, Ordering::Relaxed);
    }
}

impl BreakerHandle {
    /// Its name: the label `breaker` of the metrics.
    pub fn name(&self) -> &str {
        self.watched.first().map_or("", |watched| watched.breaker.name())
    }

    /// The circuit of the breaker; of one that has keys, that for requests without.
    pub fn circuit(&self) -> CircuitHandle {
        let place = |watched: &Arc<Watched>| Place { watched: Arc::clone(watched), member: None };
        CircuitHandle { places: self.watched.iter().map(place).collect() }
    }

    /// The circuit of a key, made now if it is new. `None` if there is no room for it, and it shares that for requests without
    /// a key.
    ///
    /// The key is one that the layer's extractor gives: of [`Header`](crate::key::Header) the value as `&str`, of
    /// [`PeerIp`](crate::key::PeerIp) its `key_for(address)`, of a closure what it returns.
    pub fn key(&self, key: &(impl Hash + ?Sized)) -> Option<CircuitHandle> {
        let place = |watched: &Arc<Watched>| {
            let member = watched.member_of(watched.breaker.circuits.key(key))?;
            Some(Place { watched: Arc::clone(watched), member: Some(member) })
        };
        Some(CircuitHandle { places: self.watched.iter().map(place).collect::<Option<_>>()? })
    }

    /// The circuit of a key, if it is known: others are closed.
    pub fn known_key(&self, key: &(impl Hash + ?Sized)) -> Option<CircuitHandle> {
        let place = |watched: &Arc<Watched>| {
            let circuits = &watched.breaker.circuits;
            let member = circuits.known(circuits.key(key))?;
            Some(Place { watched: Arc::clone(watched), member: Some(member) })
        };
        let places: Vec<_> = self.watched.iter().filter_map(place).collect();
        (!places.is_empty()).then_some(CircuitHandle { places })
    }

    /// How many keys are known.
    pub fn keys(&self) -> usize {
        self.watched.iter().map(|watched| watched.breaker.circuits.keys()).sum()
    }

    /// How many keys have a circuit that is not closed.
    pub fn broken_keys(&self) -> usize {
        let members = self.watched.iter().flat_map(|watched| watched.breaker.circuits.all_keyed());
        members.filter(|member| member.circuit.state() != State::Closed).count()
    }

    /// The state of its [circuit](BreakerHandle::circuit).
    pub fn state(&self) -> State {
        self.circuit().state()
    }

    /// What the window of its [circuit](BreakerHandle::circuit) holds.
    pub fn counts(&self) -> Counts {
        self.circuit().counts()
    }

    /// Rejects all calls, of all keys, until it is [closed](BreakerHandle::force_closed) or [reset](BreakerHandle::reset).
    ///
    /// Clients are not told when to come back.
    pub fn force_open(&self) {
        self.force(Forced::Open);
    }

    /// Lets all calls through, of all keys, until it is [opened](BreakerHandle::force_open) or
    /// [reset](BreakerHandle::reset). They are counted, but it does not open.
    pub fn force_closed(&self) {
        self.force(Forced::Closed);
    }

    /// Closes all its circuits, with nothing in their windows and the first open time ahead. Calls that are under way count
    /// for nothing.
    pub fn reset(&self) {
        self.force(Forced::No);
    }

    fn force(&self, forced: Forced) {
        for watched in &self.watched {
            // First, so that a key that comes meanwhile is not left out.
            watched.breaker.circuits.set_forced(forced);
            steer(watched, &watched.breaker.circuits.rest, forced);
            for member in watched.breaker.circuits.all_keyed() {
                steer(watched, &member, forced);
            }
        }
    }
}

impl CircuitHandle {
    /// The key that it is for, as [`StateChange::key`](super::StateChange::key) has it; `None` if it is for requests without.
    pub fn key(&self) -> Option<Key> {
        self.places.first()?.member().key
    }

    /// Whether it lets calls through. One that is open and whose time is over becomes half-open when the next call comes.
    pub fn state(&self) -> State {
        let states = self.places.iter().map(|place| place.member().circuit.state());
        states.max().unwrap_or_default()
    }

    /// What its window holds.
    pub fn counts(&self) -> Counts {
        let counts = |place: &Place| place.member().circuit.counts(place.now());
        self.places.iter().map(counts).fold(Counts::default(), Counts::plus)
    }

    /// For how long it stays open; `None` if it is not, or has no end.
    pub fn open_for(&self) -> Option<Duration> {
        let left = |place: &Place| {
            let until = place.member().circuit.locked(|machine| machine.open_until())?;
            Some(until.saturating_since(place.now()))
        };
        self.places.iter().filter_map(left).max()
    }

    /// Whether it stays as it is until it is reset.
    pub fn is_forced(&self) -> bool {
        let mut members = self.places.iter().map(Place::member);
        members.any(|member| member.circuit.locked(|machine| machine.is_forced()))
    }

    /// See [`BreakerHandle::force_open`].
    pub fn force_open(&self) {
        self.force(Forced::Open);
    }

    /// See [`BreakerHandle::force_closed`].
    pub fn force_closed(&self) {
        self.force(Forced::Closed);
    }

    /// See [`BreakerHandle::reset`].
    pub fn reset(&self) {
        self.force(Forced::No);
    }

    fn force(&self, forced: Forced) {
        self.places.iter().for_each(|place| steer(&place.watched, place.member(), forced));
    }
}

impl Place {
    fn member(&self) -> &Member {
        self.member.as_deref().unwrap_or(&self.watched.breaker.circuits.rest)
    }

    fn now(&self) -> Timestamp {
        self.watched.usage.clock.now()
    }
}

fn steer(watched: &Watched, member: &Member, forced: Forced) {
    match forced {
        Forced::No => watched.reset(member),
        forced => watched.force(member, forced),
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.breakers()).finish()
    }
}

impl fmt::Debug for BreakerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerHandle")
            .field("name", &self.name())
            .field("state", &self.state())
            .field("keys", &self.keys())
            .finish()
    }
}

impl fmt::Debug for CircuitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitHandle")
            .field("state", &self.state())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
