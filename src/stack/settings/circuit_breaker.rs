use std::time::Duration;

use super::{Key, MissingKey};

/// `circuit_breaker`
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct CircuitBreaker {
    pub(in crate::stack) window: Window,
    /// Calls that there must be in the window.
    pub(in crate::stack) minimum: u32,
    /// Opens where this share of the calls failed.
    pub(in crate::stack) failure_share: f64,
    pub(in crate::stack) slow: Option<Slow>,
    /// How long it is open at first, and at most.
    pub(in crate::stack) open_for: Duration,
    pub(in crate::stack) open_at_most: Duration,
    /// So many successes, of so many probes, close it.
    pub(in crate::stack) required_probes: u32,
    pub(in crate::stack) probes: u32,
    /// A circuit for each key, instead of one for all.
    pub(in crate::stack) key: Option<Key>,
    pub(in crate::stack) on_missing_key: MissingKey,
    pub(in crate::stack) shadow: bool,
}

/// The calls that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum Window {
    /// `"10s"`
    Time(Duration),
    /// `100`
    Calls(u32),
}

/// Opens where this share of the calls took so long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::stack) struct Slow {
    pub(in crate::stack) from: Duration,
    pub(in crate::stack) share: f64,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            window: Window::Time(Duration::from_secs(10)),
            minimum: 20,
            failure_share: 0.5,
            slow: None,
            open_for: Duration::from_secs(5),
            open_at_most: Duration::from_secs(60),
            required_probes: 4,
            probes: 5,
            key: None,
            on_missing_key: MissingKey::default(),
            shadow: false,
        }
    }
}
