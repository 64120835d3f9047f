use std::time::Duration;

use ipnet::IpNet;

use super::{Key, MissingKey};
use crate::rate_limit::Policy;

/// `rate_limit`
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct RateLimit {
    pub(in crate::stack) key: Key,
    pub(in crate::stack) on_missing_key: MissingKey,
    /// At least one: a list of quotas, which are named after their periods, or a table of names and quotas.
    pub(in crate::stack) policies: Vec<Policy>,
    /// Lets the rates of all policies fall while the service suffers.
    pub(in crate::stack) adaptive: Option<Adaptive>,
    pub(in crate::stack) charge: Charge,
    pub(in crate::stack) headers: Fields,
    /// Peers that pass uncounted.
    pub(in crate::stack) exempt: Vec<IpNet>,
    /// Peers that are turned away.
    pub(in crate::stack) deny: Vec<IpNet>,
    /// How long a request may wait for its turn; zero if none may.
    pub(in crate::stack) max_wait: Duration,
    /// How many may wait at a time.
    pub(in crate::stack) max_queue: usize,
    /// Retry delays are lengthened by up to this share.
    pub(in crate::stack) retry_jitter: f64,
    pub(in crate::stack) shadow: bool,
    /// Whether keys owe to all processes together, over Redis.
    pub(in crate::stack) shared: bool,
    /// What becomes of requests while Redis does not answer.
    pub(in crate::stack) on_outage: Outage,
    /// Whether hot keys lease some of their quota, so that not every request asks Redis.
    pub(in crate::stack) leases: bool,
}

/// `adaptive`: when rates fall, and how far.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Adaptive {
    /// A response that takes longer is a bad one.
    pub(in crate::stack) latency_target: Option<Duration>,
    /// How often it is judged.
    pub(in crate::stack) interval: Duration,
    /// The share of bad responses that is tolerated.
    pub(in crate::stack) threshold: f64,
    /// With fewer responses than this an interval is not judged.
    pub(in crate::stack) min_volume: u32,
    /// The most that is taken off at a time, as a share.
    pub(in crate::stack) decrease: f64,
    /// What is added in each interval, as a share of the quota.
    pub(in crate::stack) increase: f64,
    /// The least that is left, as a share of the quota.
    pub(in crate::stack) floor: f64,
    /// Delays of the runtime at which rates begin to fall, and at which they are at the floor.
    pub(in crate::stack) scheduling_delay: Option<(Duration, Duration)>,
}

/// What is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum Charge {
    /// `all`
    #[default]
    All,
    /// `failures`: what is answered by an error of the client's or the service's.
    Failures,
    /// `successes`
    Successes,
}

/// The header fields that tell clients about the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum Fields {
    /// `standard`: `RateLimit-Policy` and `RateLimit`.
    #[default]
    Standard,
    /// `legacy`: `X-RateLimit-…`.
    Legacy,
    Both,
    None,
}

/// What becomes of requests while nobody can tell what they owe to all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum Outage {
    /// `local`: each process enforces its part.
    #[default]
    Local,
    /// `open`: they pass.
    Open,
    /// `closed`: they are rejected.
    Closed,
}

impl Default for RateLimit {
    /// Without a policy, which must be given.
    fn default() -> Self {
        Self {
            key: Key::Global,
            on_missing_key: MissingKey::default(),
            policies: Vec::new(),
            adaptive: None,
            charge: Charge::default(),
            headers: Fields::default(),
            exempt: Vec::new(),
            deny: Vec::new(),
            max_wait: Duration::ZERO,
            max_queue: 64,
            retry_jitter: 0.0,
            shadow: false,
            shared: false,
            on_outage: Outage::default(),
            leases: false,
        }
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            latency_target: None,
            interval: Duration::from_secs(1),
            threshold: 0.05,
            min_volume: 20,
            decrease: 0.7,
            increase: 0.01,
            floor: 0.1,
            scheduling_delay: None,
        }
    }
}
