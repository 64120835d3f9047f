use std::time::Duration;

use http::{HeaderMap, StatusCode, header::DATE};

use super::{HttpDate, ResponseControl, Rules, age, lifetime};

/// When a response was asked for and when it came, each since the beginning of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When the request was sent to the origin.
    pub requested: Duration,
    /// When the head of the response came.
    pub received: Duration,
}

/// Who says how long a response is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// The response itself: `s-maxage`, `max-age` or `Expires`.
    Explicit,
    /// [`Rules::heuristic`].
    Heuristic,
    /// [`Rules::default_ttl`].
    Default,
    /// Nobody: it is stale.
    Unknown,
}

/// How long a stored response may be used, and how: all that must be known of it for a hit, in a few integers.
///
/// What is asked of it takes `resident`, how long ago the response came.
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, StatusCode, header::{AGE, CACHE_CONTROL}};
/// use tower_weir::cache::rules::{Freshness, ResponseControl, Rules, Timing};
///
/// let headers = HeaderMap::from_iter([
///     (CACHE_CONTROL, "max-age=60".parse()?),
///     (AGE, "15".parse()?),
/// ]);
/// let control = ResponseControl::of(&headers, &[]);
/// let timing = Timing::at(Duration::from_secs(1_700_000_000));
/// let freshness = Freshness::of(StatusCode::OK, &headers, &control, timing, &Rules::new());
/// assert_eq!(freshness.age(Duration::from_secs(5)), 20);
/// assert_eq!(freshness.ttl(Duration::from_secs(5)), 40);
/// assert_eq!(freshness.ttl(Duration::from_secs(50)), -5);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Milliseconds; the age that it had when it came.
    pub(in crate::cache) age: u64,
    /// Seconds.
    pub(in crate::cache) lifetime: u32,
    pub(in crate::cache) stale_while_revalidate: Option<u32>,
    pub(in crate::cache) stale_if_error: Option<u32>,
    pub(in crate::cache) source: Lifetime,
    pub(in crate::cache) no_cache: bool,
    pub(in crate::cache) immutable: bool,
    pub(in crate::cache) staleness: Staleness,
}

/// Whether a response may be used when stale at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) enum Staleness {
    /// As anyone allows it: the response, the client, or the cache by its grace.
    Allowed,
    /// Only if the response itself allows it: `s-maxage`.
    IfGranted,
    /// Never: `must-revalidate`, `proxy-revalidate`.
    Forbidden,
}

impl Freshness {
    /// That of a response that came at a time.
    pub fn of(
        status: StatusCode,
        headers: &HeaderMap,
        control: &ResponseControl,
        timing: Timing,
        rules: &Rules,
    ) -> Self {
        let received = HttpDate::at(timing.received);
        let (lifetime, source) = lifetime::lifetime(status, headers, control, received, rules);
        let staleness = match control {
            _ if control.must_revalidate || control.proxy_revalidate => Staleness::Forbidden,
            _ if control.s_maxage.is_some() => Staleness::IfGranted,
            _ => Staleness::Allowed,
        };
        // A lifetime that the cache gives is counted from when the response came.
        let delay = match source {
            Lifetime::Default => Duration::ZERO,
            _ => timing.received.saturating_sub(timing.requested),
        };
        Self {
            age: initial_age(headers, received, delay),
            lifetime,
            stale_while_revalidate: control.stale_while_revalidate,
            stale_if_error: control.stale_if_error,
            source,
            no_cache: control.no_cache,
            immutable: control.immutable,
            staleness,
        }
    }

    /// The age in whole seconds, as `Age` is to say it: 2147483648 if it is more, or not known (RFC 9111 section 1.2.2).
    pub fn age(&self, resident: Duration) -> u64 {
        (self.age_millis(resident) / 1_000).min(1 << 31)
    }

    /// For how many more seconds it is fresh; negative when it is stale, by how many it has been.
    pub fn ttl(&self, resident: Duration) -> i64 {
        let lifetime = i64::from(self.lifetime) * 1_000;
        let age = i64::try_from(self.age_millis(resident)).unwrap_or(i64::MAX);
        lifetime.saturating_sub(age).div_euclid(1_000)
    }

    /// Whether it is fresh: younger than its lifetime.
    pub fn is_fresh(&self, resident: Duration) -> bool {
        self.age_millis(resident) < self.lifetime_millis()
    }

    /// For how long it was fresh when it came, or would have been had it not been old already.
    pub const fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime as u64)
    }

    /// Who says how long it is fresh.
    pub const fn source(&self) -> Lifetime {
        self.source
    }

    /// Whether it must not be used without asking the origin.
    pub const fn must_be_validated(&self) -> bool {
        self.no_cache
    }

    pub(super) fn age_millis(&self, resident: Duration) -> u64 {
        self.age.saturating_add(millis(resident))
    }

    pub(super) fn lifetime_millis(&self) -> u64 {
        u64::from(self.lifetime) * 1_000
    }
}

/// The age of a response when it came, in milliseconds (RFC 9111 section 4.2.3).
fn initial_age(headers: &HeaderMap, received: HttpDate, delay: Duration) -> u64 {
    let date = HttpDate::of_field(headers, &DATE, received).unwrap_or(received);
    let apparent = u64::from(lifetime::between(date, received)) * 1_000;
    let told = age::age(headers).saturating_mul(1_000);
    apparent.max(told.saturating_add(millis(delay)))
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

impl Timing {
    /// A response that came as soon as it was asked for.
    pub const fn at(since_1970: Duration) -> Self {
        Self { requested: since_1970, received: since_1970 }
    }
}
