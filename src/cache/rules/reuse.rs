use std::time::Duration;

use super::{Freshness, Lifetime, RequestControl, freshness::Staleness};

/// What is to be done with a stored response that matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It is the answer.
    Fresh,
    /// It is the answer although stale: the client takes it so.
    Stale,
    /// It is the answer although stale, and a fresh one is to be fetched.
    StaleWhileRevalidate,
    /// The origin is to be asked.
    Revalidate {
        /// Whether it is the answer all the same if the origin fails.
        if_error: bool,
    },
}

/// How long a response may be used when stale that says nothing of it.
///
/// It never applies to what must not be used when stale (`must-revalidate`, `proxy-revalidate`, `s-maxage`, `no-cache`) and
/// not to what was never fresh (`max-age=0`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grace {
    /// While a fresh one is fetched.
    pub while_revalidating: Duration,
    /// If a fresh one cannot be had.
    pub if_error: Duration,
}

impl Grace {
    /// None at all.
    pub const NONE: Self = Self { while_revalidating: Duration::ZERO, if_error: Duration::ZERO };

    /// As long while a fresh one is fetched as if it cannot be had.
    pub const fn both(grace: Duration) -> Self {
        Self { while_revalidating: grace, if_error: grace }
    }
}

impl Freshness {
    /// What is to be done with it for a request (RFC 9111 section 4, RFC 5861, RFC 8246).
    ///
    /// `control` is what of the request's directives is obeyed, see [`RequestControl::under`].
    pub fn reuse(&self, resident: Duration, control: &RequestControl, grace: Grace) -> Reuse {
        const NO: Reuse = Reuse::Revalidate { if_error: false };
        if self.no_cache || control.no_cache {
            return NO;
        }
        let (age, lifetime) = (self.age_millis(resident), self.lifetime_millis());
        if age < lifetime {
            let left = lifetime - age;
            // Whom `immutable` tells that nothing can have changed need not ask for less than `no-cache` (RFC 8246 section 2).
            let will_do =
                self.immutable || (control.takes_age(age) && control.takes_remaining(left));
            return if will_do { Reuse::Fresh } else { NO };
        }
        if self.staleness == Staleness::Forbidden || control.min_fresh.is_some() {
            return NO;
        }
        let stale_for = age - lifetime;
        if let Some(most) = control.max_stale {
            let most = if most == u32::MAX { u64::MAX } else { seconds(most) };
            if self.staleness == Staleness::Allowed && stale_for <= most && control.takes_age(age) {
                return Reuse::Stale;
            }
        }
        // Who names an age does not want what is stale, unless it says so (RFC 9111 section 5.2.1.1).
        if control.max_age.is_some() {
            return NO;
        }
        let graced = self.staleness == Staleness::Allowed && self.lifetime > 0;
        let within = |granted: Option<u32>, grace: Duration| match granted {
            Some(granted) => stale_for < seconds(granted),
            None => graced && u128::from(stale_for) < grace.as_millis(),
        };
        if within(self.stale_while_revalidate, grace.while_revalidating) {
            return Reuse::StaleWhileRevalidate;
        }
        Reuse::Revalidate { if_error: within(self.stale_if_error, grace.if_error) }
    }

    /// Whether there will be a time when it may be used without asking the origin, or instead of it.
    pub(super) fn is_of_use(&self, grace: Grace) -> bool {
        let none = Duration::ZERO;
        match self.reuse(none, &RequestControl::NONE, grace) {
            Reuse::Revalidate { if_error } => if_error,
            Reuse::Fresh | Reuse::Stale | Reuse::StaleWhileRevalidate => true,
        }
    }

    /// For how long from when it came it may be of use at all, be it stale: after that it can be thrown away, if it cannot be
    /// validated either.
    pub fn useful_for(&self, grace: Grace) -> Duration {
        let graced = self.staleness == Staleness::Allowed && self.lifetime > 0;
        let window = |granted: Option<u32>, grace: Duration| match granted {
            Some(granted) => Duration::from_secs(granted.into()),
            None if graced => grace,
            None => Duration::ZERO,
        };
        let stale = match self.staleness {
            Staleness::Forbidden => Duration::ZERO,
            Staleness::IfGranted | Staleness::Allowed => {
                let revalidating = window(self.stale_while_revalidate, grace.while_revalidating);
                revalidating.max(window(self.stale_if_error, grace.if_error))
            }
        };
        let age = Duration::from_millis(self.age);
        self.lifetime().saturating_add(stale).saturating_sub(age)
    }

    /// Whether the response itself said how long it is fresh.
    pub(super) fn is_explicit(&self) -> bool {
        self.source == Lifetime::Explicit
    }
}

impl RequestControl {
    fn takes_age(&self, millis: u64) -> bool {
        self.max_age.is_none_or(|most| most > 0 && millis <= seconds(most))
    }

    fn takes_remaining(&self, millis: u64) -> bool {
        self.min_fresh.is_none_or(|least| millis >= seconds(least))
    }
}

fn seconds(seconds: u32) -> u64 {
    u64::from(seconds) * 1_000
}
