use crate::reject::{Reason, Rejection};

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// As many are under way as may be, and none may wait, or as many wait as may.
    Full,
    /// It has waited as long as it may.
    TimedOut,
    /// It has a deadline that it would not have met.
    Deadline,
    /// It waited, and made room for one that is more critical or waits behind fewer.
    Displaced,
    /// None are let in any more.
    Draining,
}

impl Refusal {
    pub(super) const ALL: [Self; 5] =
        [Self::Full, Self::TimedOut, Self::Deadline, Self::Displaced, Self::Draining];

    /// Its name in metrics, such as `timed_out`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TimedOut => "timed_out",
            Self::Deadline => "deadline",
            Self::Displaced => "displaced",
            Self::Draining => "draining",
        }
    }

    pub(super) fn rejection(self) -> Rejection {
        Rejection::new(Reason::Overloaded).detail(match self {
            Self::Full => "too many requests are under way",
            Self::TimedOut => "too many requests are under way, and the wait would be too long",
            Self::Deadline => "too many requests are under way to meet the deadline",
            Self::Displaced => "too many requests are under way, and others came before this one",
            Self::Draining => "no more requests are taken",
        })
    }
}
