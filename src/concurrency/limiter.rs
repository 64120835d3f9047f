use std::{borrow::Cow, fmt, sync::Arc};

use super::{
    Bounds, Limit, Priorities, Queue,
    acquire::Acquire,
    drain::Drain,
    gate::{Gate, Mode, Permit, Terms},
    keyed::Keyed,
    meters::Meters,
    refusal::Refusal,
};
use crate::{
    clock::Clock,
    error::ConfigError,
    key::{HashedKey, KeyExtractor, OnMissingKey},
};

/// Enforces a [`Limit`]: lets in as many as may be under way, and lets others wait.
///
/// ```
/// use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Limiter};
///
/// // Both layers, and a job in the background, share twenty connections to one database.
/// let connections = Limiter::new(Fixed::new(20)).named("database");
/// let (orders, invoices) =
///     (ConcurrencyLimitLayer::new(connections.clone()), ConcurrencyLimitLayer::new(connections.clone()));
/// if let Ok(_permit) = connections.try_acquire() {
///     // one of the twenty, until the permit is dropped
/// }
/// ```
///
/// Clones enforce one limit together; they are also its handle: what is set on one holds for all. To configure one further
/// makes another, which shares nothing with the first. So configure it, then clone it.
#[derive(Clone)]
pub struct Limiter {
    settings: Settings,
    shared: Arc<Shared>,
}

pub(super) type MakeLimit = Arc<dyn Fn() -> Box<dyn Limit> + Send + Sync>;

#[derive(Clone)]
struct Settings {
    make: MakeLimit,
    queue: Option<Queue>,
    priorities: Option<Priorities>,
    name: Option<Cow<'static, str>>,
    clock: Clock,
    key: Option<PerKey>,
}

/// A limit for each key.
#[derive(Clone)]
pub(super) struct PerKey {
    pub(super) extractor: Arc<dyn HashedKey>,
    pub(super) on_missing: OnMissingKey,
    pub(super) capacity: usize,
}

struct Shared {
    terms: Arc<Terms>,
    gates: Gates,
}

pub(super) enum Gates {
    One(Arc<Gate>),
    PerKey(Keyed),
}

impl<L: Limit + Clone + Sync> From<L> for Limiter {
    fn from(limit: L) -> Self {
        Self::new(limit)
    }
}

impl Limiter {
    /// How many keys there are limits for, unless another number is set.
    pub const DEFAULT_KEYS: usize = 10_000;

    /// Enforces `limit`, with a [`Queue`] as it is by default.
    pub fn new(limit: impl Limit + Clone + Sync) -> Self {
        Self::with(Settings {
            make: Arc::new(move || Box::new(limit.clone())),
            queue: Some(Queue::default()),
            priorities: None,
            name: None,
            clock: Clock::system(),
            key: None,
        })
    }

    fn with(settings: Settings) -> Self {
        let Settings { make, queue, priorities, name, clock, key } = settings.clone();
        let terms = Arc::new(Terms::new(clock, queue, priorities, name));
        let gates = match key {
            Some(key) => Gates::PerKey(Keyed::new(key, make, &terms)),
            None => Gates::One(Arc::new(Gate::new(make(), &terms))),
        };
        Self { settings, shared: Arc::new(Shared { terms, gates }) }
    }

    /// Lets requests wait as `queue` says.
    pub fn queue(mut self, queue: Queue) -> Self {
        self.settings.queue = Some(queue);
        Self::with(self.settings)
    }

    /// Lets none wait.
    pub fn reject_when_full(mut self) -> Self {
        self.settings.queue = None;
        Self::with(self.settings)
    }

    /// Tells classes of requests apart.
    pub fn priorities(mut self, priorities: Priorities) -> Self {
        self.settings.priorities = Some(priorities);
        Self::with(self.settings)
    }

    /// Names it in metrics and for [`Handle::limiter`](super::Handle::limiter). The name of a route's limiter is its pattern
    /// otherwise, of any other `default`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.settings.name = Some(name.into());
        Self::with(self.settings)
    }

    /// Enforces the limit for each key by itself, see [`key`](crate::key), of [`Limiter::DEFAULT_KEYS`] keys at most.
    ///
    /// When there are more, those make room that have nothing under way and have not come lately; what an adaptive limit has
    /// learnt for them is forgotten. If all have something under way, those that come share one limit until one has not.
    pub fn key(mut self, extractor: impl KeyExtractor) -> Self {
        self.settings.key = Some(PerKey {
            extractor: Arc::new(extractor),
            on_missing: OnMissingKey::default(),
            capacity: Self::DEFAULT_KEYS,
        });
        Self::with(self.settings)
    }

    /// Says what becomes of a request that carries no key.
    ///
    /// # Panics
    ///
    /// If there is no limit for each [key](Limiter::key).
    pub fn on_missing_key(self, choice: OnMissingKey) -> Self {
        self.with_key(|key| key.on_missing = choice)
    }

    /// Keeps limits for so many keys at most.
    ///
    /// # Errors
    ///
    /// If `capacity` is zero.
    ///
    /// # Panics
    ///
    /// If there is no limit for each [key](Limiter::key).
    pub fn max_keys(self, capacity: usize) -> Result<Self, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::new("number of keys", "0", "at least 1"));
        }
        Ok(self.with_key(|key| key.capacity = capacity))
    }

    fn with_key(mut self, change: impl FnOnce(&mut PerKey)) -> Self {
        match &mut self.settings.key {
            Some(key) => change(key),
            None => panic!("there is no limit for each key: call `key` first"),
        }
        Self::with(self.settings)
    }

    /// Reads time from `clock`; the system's otherwise. Waiting is done by tokio's timers: in a test that pauses those, give it
    /// [`Clock::runtime`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        Self::with(self.settings)
    }

    /// Its name: the label `limit` of the metrics.
    pub fn name(&self) -> &str {
        self.shared.terms.name()
    }

    /// How many may be under way at once. Of a limit for each key: of a new key.
    pub fn limit(&self) -> usize {
        match &self.shared.gates {
            Gates::One(gate) => gate.limit(),
            Gates::PerKey(keyed) => keyed.first_limit(),
        }
    }

    /// How many are under way.
    pub fn in_flight(&self) -> usize {
        self.sum(Gate::in_flight)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.sum(Gate::waiting)
    }

    /// How many keys have a limit of their own; `None` if it is not for each key.
    pub fn keys(&self) -> Option<usize> {
        match &self.shared.gates {
            Gates::One(_) => None,
            Gates::PerKey(keyed) => Some(keyed.len()),
        }
    }

    /// Sets the limit by hand, of each key if there are any. An adaptive limit goes on learning, but is not listened to until
    /// [`Limiter::learn`].
    ///
    /// If more are under way, none of them is cut off: none is let in until enough have left.
    ///
    /// # Errors
    ///
    /// Unless `limit` is from 1 to [`Bounds::MAX`].
    pub fn set_limit(&self, limit: usize) -> Result<(), ConfigError> {
        if !(1..=Bounds::MAX).contains(&limit) {
            let allowed = "from 1 to 1000000 requests at once; `pause` to let none in";
            return Err(ConfigError::new("limit", limit.to_string(), allowed));
        }
        self.steer(Steer::Pin(limit));
        Ok(())
    }

    /// Enforces again what the limit was built with or has learnt.
    pub fn learn(&self) {
        self.steer(Steer::Unpin);
    }

    /// Lets none in: whoever comes waits, or is refused if none may. Those who are in are not disturbed.
    pub fn pause(&self) {
        self.steer(Steer::Mode(Mode::Paused));
    }

    /// Lets them in again, after [`Limiter::pause`] or [`Limiter::drain`].
    pub fn resume(&self) {
        self.steer(Steer::Mode(Mode::Open));
    }

    /// Refuses all who come or wait from now on, and tells when none is under way any more.
    ///
    /// ```
    /// # use tower_weir::concurrency::{Fixed, Limiter};
    /// # let limiter = Limiter::new(Fixed::new(8));
    /// # futures_executor::block_on(async {
    /// limiter.drain().await; // before the process ends, or the database it guards is replaced
    /// # });
    /// ```
    ///
    /// It ends too when someone [resumes](Limiter::resume) meanwhile.
    ///
    /// # Cancel safety
    ///
    /// To drop the future changes nothing: the limiter goes on refusing.
    pub fn drain(&self) -> Drain {
        self.steer(Steer::Mode(Mode::Draining));
        Drain::new(vec![self.clone()])
    }

    /// A permit, if one is free and nobody waits for it. Of a limiter for each key, the one of whoever carries no key; of one
    /// with priorities, one of the default class.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn try_acquire(&self) -> Result<Permit, Refusal> {
        let (gate, class) = (self.unkeyed(), self.default_class());
        let entered = gate.try_enter(class);
        let meters = gate.meters().class(class);
        match &entered {
            Ok(_) => meters.admitted.increment(1),
            Err(refusal) => meters.refused(*refusal).increment(1),
        }
        entered.map(|(permit, _)| permit)
    }

    /// A permit, after a wait if need be; see [`Limiter::try_acquire`] for whose.
    ///
    /// # Cancel safety
    ///
    /// To drop the future leaves the queue.
    pub fn acquire(&self) -> Acquire {
        Acquire::new(self.unkeyed(), self.default_class())
    }

    /// Goes by another limit, and lets requests wait in another way, from now on, for a stack whose settings change while it is at
    /// work: all who are in stay and count, and whoever waits goes on waiting. A limit that was set by hand is forgotten if there
    /// is another, and a pause or a drain goes on.
    #[cfg(feature = "config")]
    pub(crate) fn change(&self, limit: Option<&Self>, queue: Option<Queue>) {
        self.shared.terms.set_queue(queue);
        let Some(Self { settings: Settings { make, .. }, .. }) = limit else { return };
        match &self.shared.gates {
            Gates::One(gate) => gate.change(make()),
            Gates::PerKey(keyed) => keyed.change(make),
        }
    }

    fn default_class(&self) -> usize {
        self.shared.terms.priorities.as_ref().map_or(0, Priorities::default_place)
    }

    fn unkeyed(&self) -> &Arc<Gate> {
        match &self.shared.gates {
            Gates::One(gate) => gate,
            Gates::PerKey(keyed) => keyed.rest(),
        }
    }

    fn steer(&self, steer: Steer) {
        match &self.shared.gates {
            Gates::One(gate) => steer.gate(gate),
            Gates::PerKey(keyed) => keyed.steer(steer),
        }
    }

    fn sum(&self, of: impl Fn(&Gate) -> usize) -> usize {
        let mut sum = 0;
        self.for_each_gate(|gate| sum += of(gate));
        sum
    }

    pub(super) fn for_each_gate(&self, mut visit: impl FnMut(&Gate)) {
        match &self.shared.gates {
            Gates::One(gate) => visit(gate),
            Gates::PerKey(keyed) => keyed.for_each(visit),
        }
    }

    #[inline]
    pub(super) fn meters(&self) -> &Meters {
        self.unkeyed().meters()
    }

    pub(super) fn name_if_unnamed(&self, name: &str) {
        self.shared.terms.name_if_unnamed(name);
    }

    pub(super) fn shares_state_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    #[inline]
    pub(super) fn gates(&self) -> &Gates {
        &self.shared.gates
    }
}

/// What is set by hand.
#[derive(Clone, Copy)]
pub(super) enum Steer {
    Pin(usize),
    Unpin,
    Mode(Mode),
}

impl Steer {
    pub(super) fn gate(self, gate: &Gate) {
        match self {
            Self::Pin(limit) => gate.pin(limit),
            Self::Unpin => gate.unpin(),
            Self::Mode(mode) => gate.set_mode(mode),
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("name", &self.name())
            .field("limit", &self.limit())
            .field("in_flight", &self.in_flight())
            .field("queue", &self.shared.terms.queue())
            .field("priorities", &self.settings.priorities)
            .finish_non_exhaustive()
    }
}
