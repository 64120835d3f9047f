use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    Counts, State, Window,
    circuit::Circuit,
    circuits::Circuits,
    meters::Meters,
    settings::{Settings, Slow, checked_duration, checked_share},
};
use crate::{clock::Timestamp, error::ConfigError, telemetry::Resolved};

/// When calls are kept from a service, and for how long; and whether they are right now.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::circuit_breaker::{Breaker, CircuitBreakerLayer, Window};
///
/// let breaker = Breaker::new()
///     .named("payments")
///     .window(Window::by_time(Duration::from_secs(30), 50)?)
///     .failure_share(0.3)?
///     .slow_calls(Duration::from_millis(800), 0.8)?
///     .open_for(Duration::from_secs(2), Duration::from_secs(30))?;
/// let layer = CircuitBreakerLayer::new(breaker);
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// Clones share the state: routes that are given clones of one breaker open and close together. **Each setting makes another
/// breaker**, closed and with nothing in its window, so a breaker can serve as a pattern for others:
///
/// ```
/// # use tower_weir::{circuit_breaker::{Breaker, CircuitBreakerLayer}, route::RouteTable};
/// let strict = Breaker::new().failure_share(0.2)?;
/// let routes = RouteTable::new()
///     .route("/orders", strict.clone().named("orders")) // a breaker of its own
///     .route("/users", strict.clone()) // these two share one
///     .route("/users/{id}", strict);
/// let layer = CircuitBreakerLayer::for_routes(routes);
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Breaker(pub(super) Arc<Shared>);

/// What clones of a breaker share.
pub(super) struct Shared {
    terms: Terms,
    name: OnceLock<Cow<'static, str>>,
    pub(super) circuits: Circuits,
    pub(super) meters: Resolved<Meters>,
}

#[derive(Clone)]
struct Terms {
    name: Option<Cow<'static, str>>,
    settings: Settings,
    max_keys: usize,
    seed: Option<u64>,
}

/// The name of a breaker that has no other.
pub(super) const DEFAULT_NAME: &str = "default";
const MAX_KEYS: usize = 10_000;
const MOST_PROBES: u32 = 1_000;

impl Breaker {
    /// A breaker that opens when half of at least 20 calls within 10 s fail, for 5 s and then longer, and closes when 4 of 5
    /// probes succeed.
    pub fn new() -> Self {
        let settings = Settings::default();
        Self::of(Terms { name: None, settings, max_keys: MAX_KEYS, seed: None })
    }

    fn of(terms: Terms) -> Self {
        let circuits = Circuits::new(&terms.settings, terms.max_keys, terms.seed);
        let (name, meters) = (OnceLock::new(), Resolved::default());
        Self(Arc::new(Shared { terms, name, circuits, meters }))
    }

    fn with(&self, change: impl FnOnce(&mut Terms)) -> Self {
        let mut terms = self.0.terms.clone();
        change(&mut terms);
        Self::of(terms)
    }

    fn with_settings(&self, change: impl FnOnce(&mut Settings)) -> Self {
        self.with(|terms| change(&mut terms.settings))
    }

    /// Names it: the label `breaker` of its metrics. Otherwise it is called after the first route that it is given for, or
    /// `default`.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(|terms| terms.name = Some(name.into()))
    }

    /// Goes by other calls than those of the last 10 s, of which there must be 20.
    pub fn window(self, window: Window) -> Self {
        self.with_settings(|settings| settings.window = window)
    }

    /// Opens when this share of calls fails; 0.5 otherwise.
    ///
    /// # Errors
    ///
    /// If `share` is not above 0, or above 1.
    pub fn failure_share(self, share: f64) -> Result<Self, ConfigError> {
        let share = checked_share("failure share", share)?;
        Ok(self.with_settings(|settings| settings.failure_share = share))
    }

    /// Opens also when this `share` of calls takes `from` or longer, whatever becomes of them; 0.8 is usual. Without this,
    /// calls may take as long as they like.
    ///
    /// It is measured to the head of the answer. A call that is given up after that long is slow too: where a timeout outside
    /// of the layer ends the calls, nothing else would be known of a service that hangs. A probe that is slow has failed.
    ///
    /// # Errors
    ///
    /// If `from` is zero, or `share` is not above 0, or above 1.
    pub fn slow_calls(self, from: Duration, share: f64) -> Result<Self, ConfigError> {
        let from = checked_duration("slow call duration", from)?;
        let share = checked_share("slow call share", share)?;
        Ok(self.with_settings(|settings| settings.slow = Some(Slow { from, share })))
    }

    /// Stays open for about `first`, then twice as long each time, up to `longest`; 5 s and 60 s otherwise.
    ///
    /// The time doubles with every opening, whether a probe failed or the breaker had just closed. It is `first` again once
    /// the breaker has stayed closed for `longest`. An answer that says when to come back, by `Retry-After` or
    /// `grpc-retry-pushback-ms`, and opens the breaker by its failure, keeps it open for that long at least, though not beyond
    /// `longest`.
    ///
    /// # Errors
    ///
    /// If `first` is zero or longer than `longest`.
    pub fn open_for(self, first: Duration, longest: Duration) -> Result<Self, ConfigError> {
        let first = checked_duration("open time", first)?;
        if first > longest {
            let allowed = format!("{longest:?}, which is the longest, or less");
            return Err(ConfigError::new("open time", format!("{first:?}"), allowed));
        }
        Ok(self.with_settings(|settings| {
            (settings.open.first, settings.open.longest) = (first, longest);
        }))
    }

    /// Draws open times at random from so much less to so much more, as a share, so that breakers in many processes do not
    /// all come back at the same time; 0.2 otherwise, 0 for none.
    ///
    /// # Errors
    ///
    /// If `share` is not between 0 and 1.
    pub fn jitter(self, share: f64) -> Result<Self, ConfigError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(ConfigError::new("jitter", share.to_string(), "0 to 1"));
        }
        Ok(self.with_settings(|settings| settings.open.jitter = share))
    }

    /// Draws open times by a seed: the same ones each time.
    pub fn seed(self, seed: u64) -> Self {
        self.with(|terms| terms.seed = Some(seed))
    }

    /// Closes when `required` of `of` probes succeed; 4 of 5 otherwise.
    ///
    /// It closes with the last that is required, and opens again as soon as too many have failed.
    ///
    /// # Errors
    ///
    /// If `of` is not between 1 and 1000, or `required` not between 1 and `of`.
    pub fn probes(self, required: u32, of: u32) -> Result<Self, ConfigError> {
        let of = checked_number("number of probes", of, MOST_PROBES)?;
        let required = checked_number("required probes", required, of)?;
        Ok(self.with_settings(|settings| {
            (settings.probing.required, settings.probing.of) = (required, of);
        }))
    }

    /// Lets so many probes be under way at once; 3 otherwise.
    ///
    /// # Errors
    ///
    /// If `n` is not between 1 and 1000.
    pub fn concurrent_probes(self, n: u32) -> Result<Self, ConfigError> {
        let n = checked_number("concurrent probes", n, MOST_PROBES)?;
        Ok(self.with_settings(|settings| settings.probing.at_once = n))
    }

    /// Takes a probe for failed that has no answer after so long, and opens; 10 s otherwise.
    ///
    /// It is found out when the probe ends or another call comes: nothing runs in the background. A stream whose head is there
    /// has been answered; after this time it counts as succeeded, however long it goes on.
    ///
    /// # Errors
    ///
    /// If `timeout` is zero.
    pub fn probe_timeout(self, timeout: Duration) -> Result<Self, ConfigError> {
        let timeout = checked_duration("probe timeout", timeout)?;
        Ok(self.with_settings(|settings| settings.probing.timeout = timeout))
    }

    /// Keeps so many keys apart at most, where a layer breaks by [key](super::CircuitBreakerLayer::key); 10,000 otherwise. Each
    /// takes about 400 bytes, and with a window by count two more for each call of that.
    ///
    /// When there are more, keys that have not come lately and whose circuits are closed are forgotten. If there is none such,
    /// new keys share one circuit, with each other and with the requests that have none.
    ///
    /// # Errors
    ///
    /// If `keys` is 0.
    pub fn max_keys(self, keys: usize) -> Result<Self, ConfigError> {
        if keys == 0 {
            return Err(ConfigError::new("number of keys", "0", "1 or more"));
        }
        Ok(self.with(|terms| terms.max_keys = keys))
    }

    /// Whether it lets calls through: those without a key, if it has keys.
    ///
    /// An open breaker whose time is over becomes half-open when the next call comes.
    pub fn state(&self) -> State {
        self.rest().state()
    }

    /// What its window had counted when a call last came to it.
    pub fn counts(&self) -> Counts {
        // At no time that is later than that.
        self.rest().counts(Timestamp::default())
    }

    fn rest(&self) -> &Circuit {
        &self.0.circuits.rest.circuit
    }

    /// Names it, unless it has a name.
    pub(super) fn or_named(&self, name: &str) {
        let terms = &self.0.terms;
        self.0.name.get_or_init(|| terms.name.clone().unwrap_or_else(|| name.to_owned().into()));
    }
}

impl Shared {
    pub(super) fn name(&self) -> &Cow<'static, str> {
        const DEFAULT: &Cow<'static, str> = &Cow::Borrowed(DEFAULT_NAME);
        self.name.get().or(self.terms.name.as_ref()).unwrap_or(DEFAULT)
    }

    #[inline]
    pub(super) fn settings(&self) -> &Settings {
        &self.terms.settings
    }
}

fn checked_number(field: &'static str, number: u32, most: u32) -> Result<u32, ConfigError> {
    if (1..=most).contains(&number) {
        Ok(number)
    } else {
        Err(ConfigError::new(field, number.to_string(), format!("1 to {most}")))
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", self.0.name())
            .field("state", &self.state())
            .field("settings", self.0.settings())
            .finish_non_exhaustive()
    }
}
