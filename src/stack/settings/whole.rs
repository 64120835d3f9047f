use std::time::Duration;

#[cfg(feature = "redis")]
use super::Redis;
use super::{Route, Scope, Stores, TrustedProxies};

/// All that a file says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Settings {
    /// How often the file is looked at; never with `None`.
    pub(in crate::stack) watch: Option<Duration>,
    pub(in crate::stack) trusted_proxies: TrustedProxies,
    pub(in crate::stack) stores: Stores,
    #[cfg(feature = "redis")]
    pub(in crate::stack) redis: Option<Redis>,
    /// What holds for requests of no route.
    pub(in crate::stack) defaults: Scope,
    /// In the order of the file. Which of them a request belongs to is for their patterns to say.
    pub(in crate::stack) routes: Vec<Route>,
}

impl Default for Settings {
    /// What an empty file says: nothing is regulated, nothing measured.
    fn default() -> Self {
        Self {
            watch: Some(Self::WATCH),
            trusted_proxies: TrustedProxies::default(),
            stores: Stores::default(),
            #[cfg(feature = "redis")]
            redis: None,
            defaults: Scope::default(),
            routes: Vec::new(),
        }
    }
}

impl Settings {
    /// The name of what the defaults have of their own. No route has it.
    pub(in crate::stack) const DEFAULTS: &str = "default";

    /// How often a file is looked at, unless it says so itself.
    pub(in crate::stack) const WATCH: Duration = Duration::from_millis(250);
}
