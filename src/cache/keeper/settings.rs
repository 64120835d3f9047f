use std::{borrow::Cow, sync::Arc, time::Duration};

use http::Response;

#[cfg(feature = "compression")]
use crate::cache::Compression;
use crate::{
    cache::{
        FingerprintBuilder,
        count::Routes,
        rules::{CacheName, Rules},
    },
    clock::Clock,
    head::Head,
    route::{RouteNamer, RouteTable},
    telemetry::Resolved,
};

/// A user's say on whether a response may be stored.
pub(in super::super) type Cacheable = Arc<dyn Fn(&Head<'_>, &Response<()>) -> bool + Send + Sync>;

/// What the operator has decided.
#[derive(Clone)]
pub(in super::super) struct Settings {
    pub(in super::super) name: Cow<'static, str>,
    /// What tells it from other caches of the same name over the same store, which are purged with it.
    pub(in super::super) terms: Option<u128>,
    pub(in super::super) status_name: CacheName,
    pub(in super::super) fingerprint: FingerprintBuilder,
    pub(in super::super) rules: Rules,
    pub(in super::super) route_ttl: Option<RouteTable<Duration>>,
    /// What requests are named by in figures; the patterns that have a lifetime otherwise.
    pub(in super::super) names: Option<RouteNamer>,
    /// Where requests are counted; by itself otherwise.
    pub(in super::super) counts: Option<Arc<Resolved<Routes>>>,
    pub(in super::super) cacheable: Option<Cacheable>,
    pub(in super::super) max_object_bytes: u64,
    pub(in super::super) max_variants: usize,
    pub(in super::super) pass_for: Duration,
    pub(in super::super) max_wait: Duration,
    pub(in super::super) early_refresh: Option<f64>,
    pub(in super::super) cache_status: bool,
    pub(in super::super) pass_tags_on: bool,
    #[cfg(feature = "compression")]
    pub(in super::super) compression: Option<Compression>,
    pub(in super::super) clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed("weir"),
            terms: None,
            status_name: CacheName::default(),
            fingerprint: FingerprintBuilder::default(),
            rules: Rules::new(),
            route_ttl: None,
            names: None,
            counts: None,
            cacheable: None,
            max_object_bytes: 1 << 20,
            max_variants: 16,
            pass_for: Duration::from_secs(10),
            max_wait: Duration::from_secs(30),
            early_refresh: None,
            cache_status: true,
            pass_tags_on: false,
            #[cfg(feature = "compression")]
            compression: None,
            clock: Clock::system(),
        }
    }
}
