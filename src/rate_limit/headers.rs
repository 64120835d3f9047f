//! What responses tell about the limit: which header fields, and the parts of them that stay the same.
//!
//! The IETF fields are those of draft-ietf-httpapi-ratelimit-headers-11, "`RateLimit` header fields for HTTP".

use http::HeaderValue;

use super::{Quota, governed, limiter::Limiter, quota::SECOND};
use crate::clock::nanos;

/// Which header fields tell clients about the limit, on every response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Headers {
    /// `RateLimit-Policy: "second";q=20;w=1` and `RateLimit: "second";r=12;t=1`: the policies, and what remains of the tightest
    /// with the seconds until more is added.
    #[default]
    Draft11,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, for the tightest policy.
    Legacy,
    /// Both kinds.
    Both,
    /// None. `Retry-After` on rejections stays.
    None,
}

/// What `X-RateLimit-Reset` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegacyReset {
    /// Seconds from now.
    #[default]
    Delta,
    /// Seconds since 1970, as GitHub has it.
    Epoch,
}

/// The choices that a layer's headers depend on.
#[derive(Clone, Copy, Default)]
pub(super) struct FieldStyle {
    pub(super) headers: Headers,
    pub(super) reset: LegacyReset,
    pub(super) all_policies: bool,
}

/// The parts of one limit's header fields that stay the same.
pub(super) struct Fields {
    pub(super) style: FieldStyle,
    pub(super) policy_field: HeaderValue,
    pub(super) policies: Box<[PolicyField]>,
}

pub(super) struct PolicyField {
    /// The name as a structured field string, in quotes.
    pub(super) name: String,
    /// `q`: requests in each window.
    pub(super) quota: u64,
    /// `w`: the window in seconds.
    window: u64,
}

impl Headers {
    pub(super) fn draft(self) -> bool {
        matches!(self, Self::Draft11 | Self::Both)
    }

    pub(super) fn legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }
}

impl Fields {
    /// As the limiter's terms are now, with the quotas of its own that a request may have. `None` if there is nothing to tell.
    pub(super) fn new(
        style: FieldStyle,
        limiter: &Limiter,
        tiers: &[Option<Quota>],
    ) -> Option<Self> {
        let policies = limiter.active().iter().enumerate().map(|(at, active)| {
            let of_request = tiers.get(at).copied().flatten();
            let quota = of_request.unwrap_or_else(|| active.terms.quota());
            PolicyField::new(active.policy.name(), quota, active.terms.multiplier())
        });
        Self::with_policies(style, policies)
    }

    /// For a limiter of another's that tells its quota.
    pub(super) fn told(style: FieldStyle, quota: Quota) -> Option<Self> {
        Self::with_policies(style, [PolicyField::new(governed::POLICY, quota, 1.0)])
    }

    fn with_policies(
        style: FieldStyle,
        policies: impl IntoIterator<Item = PolicyField>,
    ) -> Option<Self> {
        if style.headers == Headers::None {
            return None;
        }
        let policies: Box<[_]> = policies.into_iter().collect();
        if policies.is_empty() {
            return None;
        }
        let members: Vec<_> = policies.iter().map(|policy| policy.member(&policy.name)).collect();
        // Names are printable ASCII by construction, so this is a valid field value.
        let policy_field = HeaderValue::try_from(members.join(", ")).ok()?;
        Some(Self { style, policy_field, policies })
    }
}

/// What of `q` an adaptive limit leaves; one request can pass in any case.
fn slowed(quota: u64, multiplier: f64) -> u64 {
    if multiplier < 1.0 { ((quota as f64 * multiplier) as u64).max(1) } else { quota }
}

/// `q` and `w`: so many requests in so many whole seconds, never promising more than the quota gives.
///
/// The window is the quota's period, or with a larger burst the time in which that comes back: what remains (`r`) must
/// never exceed `q`.
fn window(quota: Quota) -> (u64, u64) {
    const NANOS_PER_SECOND: u128 = SECOND as u128;
    let (count, period) = (u128::from(quota.count()), u128::from(nanos(quota.period())));
    let burst = u128::from(quota.burst_size());
    let window = period.max((period * burst).div_ceil(count));
    let seconds = window.div_ceil(NANOS_PER_SECOND);
    let window = seconds * NANOS_PER_SECOND;
    let requests = match quota.is_strict() {
        // A burst, and what comes back before the window ends. For a period of whole seconds that is its number.
        true => burst + (window - 1) / quota.interval().as_nanos(),
        false => window * count / period,
    };
    // Structured field integers have at most 15 digits (RFC 9651 section 3.3.1).
    let clamp = |number: u128| number.min(999_999_999_999_999) as u64;
    (clamp(requests), clamp(seconds))
}

/// A structured field string (RFC 9651 section 4.1.6).
fn sf_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted.push('"');
    quoted
}

impl PolicyField {
    fn new(name: &str, quota: Quota, multiplier: f64) -> Self {
        let (quota, window) = window(quota);
        Self { name: sf_string(name), quota: slowed(quota, multiplier), window }
    }

    /// The list member for `RateLimit-Policy`, by this name.
    pub(super) fn member(&self, name: &str) -> String {
        format!("{name};q={};w={}", self.quota, self.window)
    }
}
