use std::time::Duration;

use super::{Key, MissingKey};

/// `concurrency`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Concurrency {
    pub(in crate::stack) limit: Limit,
    /// How many requests may wait at a time; 0 for none, `None` for four times the limit, and 8.
    pub(in crate::stack) max_queue: Option<usize>,
    pub(in crate::stack) max_wait: Duration,
    /// A limit for each key, instead of one for all.
    pub(in crate::stack) key: Option<Key>,
    pub(in crate::stack) on_missing_key: MissingKey,
    pub(in crate::stack) max_keys: usize,
    pub(in crate::stack) hold_until: Hold,
    pub(in crate::stack) retry_after: Duration,
    pub(in crate::stack) shadow: bool,
}

/// How many requests may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum Limit {
    /// `64`
    Fixed(usize),
    /// `"adaptive"`, or `"verified_gradient"`
    VerifiedGradient { min: usize, initial: usize, max: usize },
    /// `"gradient2"`
    Gradient2 { min: usize, initial: usize, max: usize },
    /// `"vegas"`
    Vegas { min: usize, initial: usize, max: usize },
    /// `"aimd"`
    Aimd { min: usize, initial: usize, max: usize },
}

/// Until when a request counts as under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum Hold {
    /// `headers`
    Headers,
    /// `body_end`
    #[default]
    BodyEnd,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            limit: Limit::VerifiedGradient { min: 2, initial: 4, max: 100_000 },
            max_queue: None,
            max_wait: Duration::from_millis(100),
            key: None,
            on_missing_key: MissingKey::default(),
            max_keys: 10_000,
            hold_until: Hold::default(),
            retry_after: Duration::from_secs(1),
            shadow: false,
        }
    }
}
