//! What responses tell about the limit: the `RateLimit` fields of the IETF, and the older `X-RateLimit-*`.
//!
//! The IETF fields are those of draft-ietf-httpapi-ratelimit-headers-11, "RateLimit header fields for HTTP".

use std::{fmt::Write, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::{Quota, decision::Decision, limiter::Limiter};
use crate::clock::{Clock, Timestamp, nanos};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

const SECOND: u64 = 1_000_000_000;

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
    style: FieldStyle,
    policy_field: HeaderValue,
    policies: Box<[PolicyField]>,
}

struct PolicyField {
    /// The name as a structured field string, in quotes.
    name: String,
    /// The whole list member for `RateLimit-Policy`.
    member: String,
    /// `q`: requests in each window.
    quota: u64,
}

/// What one response is to tell: a snapshot, taken when the request was decided on.
pub(super) struct Report {
    fields: Arc<Fields>,
    /// The reported policies, the tightest first.
    items: SmallVec<[Item; 1]>,
    /// `X-RateLimit-Reset`, if that is wanted.
    reset: u64,
}

#[derive(Clone, Copy)]
struct Item {
    policy: u32,
    remaining: u32,
    /// Seconds until quota is added, rounded up; 0 if there is nothing to add.
    next: u64,
}

impl Headers {
    fn draft(self) -> bool {
        matches!(self, Self::Draft11 | Self::Both)
    }

    fn legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }
}

impl Fields {
    /// `None` if there is nothing to tell.
    pub(super) fn new(style: FieldStyle, limiter: &Limiter) -> Option<Self> {
        if style.headers == Headers::None {
            return None;
        }
        let policies: Box<[_]> = limiter
            .policies()
            .map(|policy| {
                let (quota, window) = window(policy.quota());
                let name = sf_string(policy.name());
                PolicyField { member: format!("{name};q={quota};w={window}"), name, quota }
            })
            .collect();
        let members: Vec<_> = policies.iter().map(|policy| &*policy.member).collect();
        // Names are printable ASCII by construction, so this is a valid field value.
        let policy_field = HeaderValue::try_from(members.join(", ")).ok()?;
        Some(Self { style, policy_field, policies })
    }
}

/// `q` and `w`: so many requests in so many whole seconds, never promising more than the quota gives.
///
/// The window is the quota's period, or with a larger burst the time in which that comes back: what remains (`r`) must
/// never exceed `q`.
fn window(quota: Quota) -> (u64, u64) {
    let (count, period) = (u128::from(quota.count()), u128::from(nanos(quota.period())));
    let burst = u128::from(quota.burst_size());
    let window = period.max((period * burst).div_ceil(count));
    let seconds = window.div_ceil(u128::from(SECOND));
    let requests = seconds * u128::from(SECOND) * count / period;
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

impl Report {
    pub(super) fn new(
        fields: &Arc<Fields>,
        limiter: &Limiter,
        decision: &Decision,
        now: Timestamp,
        clock: &Clock,
    ) -> Self {
        let style = fields.style;
        let items = limiter.active().iter().zip(&decision.standings).enumerate();
        let items = items.map(|(policy, (active, standing))| Item {
            policy: policy as u32,
            remaining: active.gcra.remaining(now, standing.tat),
            next: active.gcra.next_in(now, standing.tat).div_ceil(SECOND),
        });
        let refused_by = decision.refusal().map(|(policy, _)| policy as u32);
        // The policy that refuses longest, then the one with least left, then the one that waits longest.
        let tightness = |item: &Item| {
            (refused_by != Some(item.policy), item.remaining, std::cmp::Reverse(item.next))
        };
        let items = if style.all_policies {
            let mut items: SmallVec<[Item; 1]> = items.collect();
            items.sort_by_key(tightness);
            items
        } else {
            items.min_by_key(tightness).into_iter().collect()
        };
        let next = items.first().map_or(0, |item| item.next);
        let reset = match style.reset {
            LegacyReset::Epoch if style.headers.legacy() => clock.unix_time().as_secs() + next,
            _ => next,
        };
        Self { fields: Arc::clone(fields), items, reset }
    }

    /// Adds the fields to a response, once: what another limit has told inside stays and is extended.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        if self.fields.style.headers.draft() {
            self.write_policies(headers);
            self.write_remaining(headers);
        }
        if self.fields.style.headers.legacy() {
            self.write_legacy(headers);
        }
    }

    fn write_policies(&self, headers: &mut HeaderMap) {
        match joined(headers, &RATELIMIT_POLICY) {
            None => {
                headers.insert(RATELIMIT_POLICY, self.fields.policy_field.clone());
            }
            Some(told) => {
                let members = self.fields.policies.iter();
                let new = members.filter(|policy| !mentions(&told, &policy.name));
                extend(headers, RATELIMIT_POLICY, told.clone(), new.map(|policy| &*policy.member));
            }
        }
    }

    fn write_remaining(&self, headers: &mut HeaderMap) {
        let members = self.items.iter().map(|item| {
            let name = &self.fields.policies[item.policy as usize].name;
            (name, item)
        });
        match joined(headers, &RATELIMIT) {
            None => {
                // On the stack, so that the value is allocated once, at its size.
                let mut text = SmallVec::<[u8; 96]>::new();
                for (name, item) in members {
                    if !text.is_empty() {
                        text.extend_from_slice(b", ");
                    }
                    item.write(name, &mut text);
                }
                if let Ok(value) = HeaderValue::from_bytes(&text) {
                    headers.insert(RATELIMIT, value);
                }
            }
            Some(told) => {
                // The same policy told twice is the same limit met twice; the inner one was decided later.
                let new = members.filter(|(name, _)| !mentions(&told, name)).map(|(name, item)| {
                    let mut text = SmallVec::<[u8; 96]>::new();
                    item.write(name, &mut text);
                    String::from_utf8_lossy(&text).into_owned()
                });
                extend(headers, RATELIMIT, told.clone(), new);
            }
        }
    }

    fn write_legacy(&self, headers: &mut HeaderMap) {
        let Some(item) = self.items.first() else { return };
        let told = headers.get(X_RATELIMIT_REMAINING).and_then(|value| value.to_str().ok());
        let told: Option<u32> = told.and_then(|told| told.parse().ok());
        // There is room for one limit only: the tightest.
        if told.is_some_and(|told| told <= item.remaining) {
            return;
        }
        let quota = self.fields.policies[item.policy as usize].quota;
        headers.insert(X_RATELIMIT_LIMIT, HeaderValue::from(quota));
        headers.insert(X_RATELIMIT_REMAINING, HeaderValue::from(item.remaining));
        headers.insert(X_RATELIMIT_RESET, HeaderValue::from(self.reset));
    }
}

impl Item {
    /// The list member for `RateLimit`.
    fn write(self, name: &str, text: &mut SmallVec<[u8; 96]>) {
        let mut digits = itoa::Buffer::new();
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b";r=");
        text.extend_from_slice(digits.format(self.remaining).as_bytes());
        if self.next > 0 {
            text.extend_from_slice(b";t=");
            text.extend_from_slice(digits.format(self.next).as_bytes());
        }
    }
}

/// All lines of a list field as one; `None` if there is none that is text.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let mut joined = lines.next()?.to_owned();
    for line in lines {
        let _ = write!(joined, ", {line}");
    }
    Some(joined)
}

/// Whether a list has a member with this name, quotes included.
fn mentions(list: &str, name: &str) -> bool {
    list.match_indices(name).any(|(at, _)| list[at + name.len()..].starts_with(';'))
}

fn extend(
    headers: &mut HeaderMap,
    name: HeaderName,
    mut list: String,
    members: impl Iterator<Item = impl AsRef<str>>,
) {
    for member in members {
        list.push_str(", ");
        list.push_str(member.as_ref());
    }
    if let Ok(value) = HeaderValue::try_from(list) {
        headers.insert(name, value);
    }
}
