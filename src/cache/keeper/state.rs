use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderMap;
use http::header::COOKIE;

use super::{Called, Errand, Settings};
#[cfg(feature = "compression")]
use crate::cache::compression::Compressor;
#[cfg(feature = "redis")]
use crate::cache::second_tier::Recalls;
use crate::{
    cache::{
        Entry, Fingerprint, Resource, Shared, Stats, Store, StoreError,
        count::{Meters, Routes},
        fetched::Fetched,
        phrases::Phrases,
        purges::Scope,
        rules::{Reuse, Rules},
        tags,
    },
    clock::Timestamp,
    flight::Flights,
    head::Head,
    pass_marks::PassMarks,
    route::{RouteNamer, RouteTable},
    telemetry::Resolved,
};

/// What all services of one layer share.
pub(in super::super) struct Keeper {
    pub(super) settings: Settings,
    pub(super) store: Arc<dyn Store>,
    /// What fingerprints begin with, so that caches of different names, or terms, share nothing.
    pub(super) prefix: Box<[u8]>,
    pub(super) scope: Scope,
    pub(super) phrases: &'static Phrases,
    rules: Arc<Rules>,
    route_rules: Option<RouteTable<Arc<Rules>>>,
    /// Whether cookies cannot make a response personal, by the operator's word.
    pub(super) cookies_are_known: bool,
    pub(super) passes: PassMarks,
    #[cfg(feature = "compression")]
    pub(super) compressor: Option<Compressor>,
    routes: Arc<Resolved<Routes>>,
    meters: Resolved<Meters>,
    #[cfg(feature = "redis")]
    recalls: Recalls,
    /// When the store's use was last told, in nanoseconds.
    usage_told: AtomicU64,
    pub(super) told_of_unfit: AtomicBool,
    pub(super) told_of_cookies: AtomicBool,
    store_failing: AtomicBool,
}

/// How often the store's use is told at most.
const TELL_EVERY: Duration = Duration::from_secs(1);

impl Keeper {
    pub(in super::super) fn new(settings: Settings, store: Arc<dyn Store>) -> Self {
        let mut prefix = settings.name.as_bytes().to_vec();
        // No name has either byte.
        match settings.terms {
            None => prefix.push(0),
            Some(terms) => {
                prefix.push(1);
                prefix.extend(terms.to_le_bytes());
            }
        }
        let scope = Scope::new(store.shared().tagging(), &settings.name);
        let route_rules = settings.route_ttl.clone();
        let route_rules = route_rules
            .map(|ttls| ttls.map(|_, ttl| Arc::new(settings.rules.clone().default_ttl(ttl))));
        Self {
            prefix: prefix.into(),
            scope,
            phrases: Phrases::of(&settings.status_name),
            rules: Arc::new(settings.rules.clone()),
            route_rules,
            cookies_are_known: settings.fingerprint.knows(&COOKIE),
            passes: PassMarks::new(),
            #[cfg(feature = "compression")]
            compressor: settings.compression.map(Compressor::new),
            routes: settings.counts.clone().unwrap_or_default(),
            meters: Resolved::default(),
            #[cfg(feature = "redis")]
            recalls: Recalls::default(),
            usage_told: AtomicU64::new(0),
            told_of_unfit: AtomicBool::new(false),
            told_of_cookies: AtomicBool::new(false),
            store_failing: AtomicBool::new(false),
            settings,
            store,
        }
    }

    pub(in super::super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(in super::super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(in super::super) fn shared(&self) -> &Shared {
        self.store.shared()
    }

    pub(in super::super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(in super::super) fn flights(&self) -> &Flights<u128, Fetched> {
        &self.store.shared().flights
    }

    pub(in super::super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// The wall clock.
    pub(in super::super) fn unix_time(&self) -> Duration {
        self.settings.clock.unix_time()
    }

    /// Where requests are counted.
    #[cfg(feature = "config")]
    pub(in super::super) fn counts(&self) -> &Arc<Resolved<Routes>> {
        &self.routes
    }

    #[inline]
    pub(in super::super) fn routes(&self) -> &Routes {
        self.routes.get_or_resolve(|| {
            let lifetimes = || Some(RouteNamer::default().table(self.route_rules.clone()?));
            let namer = self.settings.names.clone().or_else(lifetimes);
            Routes::new(&self.settings.name, namer.unwrap_or_default())
        })
    }

    pub(in super::super) fn meters(&self) -> &Meters {
        self.meters.get_or_resolve(|| Meters::resolve(&self.settings.name))
    }

    #[cfg(feature = "redis")]
    pub(in super::super) fn recalls(&self) -> &Recalls {
        &self.recalls
    }

    pub(in super::super) fn stats(&self) -> Stats {
        Stats::new(&self.settings.name, self.routes().stats(), self.store.usage())
    }

    /// What holds for the request with this head.
    pub(super) fn rules(&self, head: &Head<'_>) -> &Arc<Rules> {
        let of_route = self.route_rules.as_ref().and_then(|rules| rules.get(head));
        of_route.unwrap_or(&self.rules)
    }

    /// What is stored under a fingerprint, if it is the same request's.
    #[inline]
    pub(super) fn stored(&self, fingerprint: &Fingerprint, key: &[u8]) -> Option<Arc<Resource>> {
        match self.store.peek(fingerprint) {
            Ok(resource) => resource.filter(|resource| *resource.key == *key),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    #[cold]
    pub(super) fn failed(&self, error: &StoreError) {
        self.meters().store_errors.increment(1);
        if !self.store_failing.swap(true, Ordering::Relaxed) {
            let cache = &*self.settings.name;
            tracing::warn!(
                cache,
                "{error}; requests go on as if nothing were stored (logged once until it works again)"
            );
        }
    }

    pub(super) fn works(&self) {
        if self.store_failing.load(Ordering::Relaxed) {
            self.store_failing.store(false, Ordering::Relaxed);
        }
    }

    /// Tells how much the store holds, if that was not done just now.
    pub(super) fn tell_usage(&self, now: Timestamp) {
        let last = self.usage_told.load(Ordering::Relaxed);
        let since = now.saturating_since(Timestamp::from_nanos(last));
        let is_due = last == 0 || since >= TELL_EVERY;
        let mine = || {
            let now = now.as_nanos().max(1);
            self.usage_told.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
        };
        if is_due && mine().is_ok() {
            self.meters().usage(&self.store.usage());
        }
    }

    /// What was stored for an errand since it set out, if it can be used.
    pub(in super::super) fn stored_since(&self, errand: &Errand) -> Option<Arc<Entry>> {
        let resource = self.stored(&errand.fingerprint, &errand.key)?;
        let entry = self.variant(&resource, &errand.headers, errand.personal)?;
        let is_new = errand.stale.as_ref().is_none_or(|stale| !Arc::ptr_eq(stale, entry));
        let resident = entry.resident(self.now());
        let grace = self.settings.rules.allowed_grace();
        let is_fresh =
            entry.freshness.reuse(resident, &errand.asked.control, grace) == Reuse::Fresh;
        (is_new && is_fresh).then(|| Arc::clone(entry))
    }

    /// A call for an errand begins.
    pub(in super::super) fn begin(&self, errand: &Errand) -> Called {
        let shared = self.store.shared();
        // Before it is known how many purges there were: a purge either sees that the URI is known, or came before the call.
        shared.uris.add(self.scope.uri(errand.stored_uri()));
        let (requested, requested_at) = (self.now(), self.unix_time());
        Called {
            requested,
            requested_at,
            received: requested,
            received_at: requested_at,
            born: shared.purges.epoch(),
        }
    }

    /// It has ended.
    pub(in super::super) fn end(&self, begun: Called) -> Called {
        Called { received: self.now(), received_at: self.unix_time(), ..begun }
    }

    /// A response is not stored.
    pub(in super::super) fn refuse(&self, errand: &Errand, why: &'static str, lasting: bool) {
        self.meters().refused(why);
        if lasting {
            self.passes.set(errand.flight, self.now(), self.settings.pass_for);
        }
    }

    /// Takes the fields that list tags from what a client gets, unless it is to have them.
    pub(in super::super) fn pass_tags(&self, headers: &mut HeaderMap) {
        if !self.settings.pass_tags_on {
            tags::strip(headers);
        }
    }

    /// The variant that a request gets; a whole one.
    #[inline]
    pub(super) fn variant<'a>(
        &self,
        resource: &'a Resource,
        headers: &HeaderMap,
        personal: super::errand::Personal,
    ) -> Option<&'a Arc<Entry>> {
        resource
            .variants
            .iter()
            .find(|entry| entry.part.is_none() && self.answers(entry, headers, personal))
    }

    /// Whether an entry is an answer to a request.
    #[inline]
    pub(super) fn answers(
        &self,
        entry: &Entry,
        headers: &HeaderMap,
        personal: super::errand::Personal,
    ) -> bool {
        entry.selection.matches(headers)
            && self.suits(entry, personal)
            && !self.store.shared().purges.concerns(entry)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("name", &self.settings.name).finish_non_exhaustive()
    }
}
