use std::{fmt, time::Duration};

use super::Counts;
use crate::key::Key;

/// Whether a breaker lets calls through.
///
/// In rising order of how much it keeps from the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// All of them.
    #[default]
    Closed,
    /// A few, to find out how the service fares.
    HalfOpen,
    /// None.
    Open,
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Too large a share of calls failed.
    Failures,
    /// Too large a share of calls was slow.
    SlowCalls,
    /// It was open for its time, and a call came.
    Elapsed,
    /// Enough probes succeeded, or so many failed that not enough can succeed any more.
    Probes,
    /// A probe was not answered in its time.
    ProbeTimeout,
    /// A [`Handle`](super::Handle) said so.
    Handle,
}

/// A breaker has changed its state: what [`on_state_change`](super::CircuitBreakerLayer::on_state_change) is told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StateChange<'a> {
    /// The breaker's name.
    pub breaker: &'a str,
    /// For which key; `None` if the breaker has no keys, or this is for the requests that have none.
    pub key: Option<Key>,
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// How long it rejects calls; `None` if it does not, or does until it is told otherwise.
    pub open_for: Option<Duration>,
    /// What its window had counted.
    pub counts: Counts,
    /// Rises with each change. Two changes in quick succession may be told by two threads at the same time.
    pub generation: u32,
}

/// The same before it is known whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) from: State,
    pub(super) to: State,
    pub(super) cause: Cause,
    pub(super) open_for: Option<Duration>,
    pub(super) counts: Counts,
    pub(super) generation: u32,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// Its name in metrics and logs: `closed`, `half_open`, `open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Cause {
    /// What the log says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "too many calls failed",
            Self::SlowCalls => "too many calls were slow",
            Self::Elapsed => "the open time is over",
            Self::Probes => "the probes decided",
            Self::ProbeTimeout => "a probe was not answered in time",
            Self::Handle => "a handle said so",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
