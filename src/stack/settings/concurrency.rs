use std::time::Duration;

use super::{Key, MissingKey};

/// `concurrency`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Concurrency {
    pub(in crate::stack) limit: Limit,
    /// How many requests may wait at a time; 0 for none.
    pub(in crate::stack) max_queue: usize,
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
    /// `"gradient2"`, or `"adaptive"`
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
            limit: Limit::Gradient2 { min: 1, initial: 20, max: 1_000 },
            max_queue: 64,
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
