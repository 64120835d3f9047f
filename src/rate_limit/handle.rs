use std::{borrow::Cow, fmt, hash::Hash, io, path::Path, sync::Arc};

use super::{
    Quota, TableStats,
    active::ActiveRule,
    adaptive::checked_share,
    admission::{Admission, DEFAULT_NAME},
    changes::{self, Conversion},
    exceptions::Access,
    limiter::Limiter,
    snapshot::{self, Restored, SnapshotError},
};
use crate::error::ConfigError;

/// Reads and steers a running [`RateLimitLayer`](super::RateLimitLayer).
///
/// ```
/// use tower_weir::{key::PeerIp, rate_limit::{Quota, RateLimitLayer}};
///
/// let layer = RateLimitLayer::new(Quota::per_second(20)).and(Quota::per_minute(100)).key(PeerIp);
/// let handle = layer.handle();
///
/// // While requests are served:
/// let limit = handle.limit("default")?;
/// limit.policy("minute")?.set_quota(Quota::per_minute(300));
/// let partner = PeerIp.key_for("192.0.2.7".parse()?);
/// limit.policy("second")?.set_override(&partner, Quota::per_second(500));
/// limit.deny(&PeerIp.key_for("198.51.100.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Take it from the layer as it is given to a service: a layer that is configured further afterwards is another one. Clones
/// of the layer, and all services that it makes, are steered by one handle.
#[derive(Clone)]
pub struct Handle(Arc<Admission>);

impl Handle {
    pub(super) fn new(admission: &Arc<Admission>) -> Self {
        Self(Arc::clone(admission))
    }

    /// The limit of this name: `default`, or what [`named`](super::RateLimitLayer::named) said, or a route's pattern.
    ///
    /// # Errors
    ///
    /// If there is none; the error names those that there are.
    pub fn limit(&self, name: &str) -> Result<LimitHandle, ConfigError> {
        let rules: Vec<_> =
            self.0.rules().filter(|rule| *rule.limiter.name() == name).cloned().collect();
        if rules.is_empty() {
            let names = self.0.rules().map(|rule| rule.limiter.name().clone());
            return Err(unknown("limit", name, names));
        }
        Ok(LimitHandle { rules })
    }

    /// All limits: the layer's own, then those of routes. Rules that share a name share a limit.
    pub fn limits(&self) -> impl Iterator<Item = LimitHandle> {
        let mut names: Vec<_> = Vec::new();
        for rule in self.0.rules() {
            if !names.contains(rule.limiter.name()) {
                names.push(rule.limiter.name().clone());
            }
        }
        names.into_iter().filter_map(|name| self.limit(&name).ok())
    }

    /// How the table fares that keeps what keys owe.
    pub fn table(&self) -> TableStats {
        self.0.table.stats()
    }

    /// Writes what keys owe to a file, for [`Handle::load`] after a restart.
    ///
    /// The file holds the secret under which keys are hashed, no keys; on Unix only its owner can read it. It is written beside
    /// its place and then renamed into it, so that a crash leaves the old file or the new one. Requests are decided on
    /// meanwhile. It takes about 7 ms for each 100,000 keys and blocks: in a service, call it by
    /// `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let bytes = snapshot::encode(&self.0.table, &self.0.clock)?;
        snapshot::write(path.as_ref(), &bytes)
    }

    /// Takes over what keys owed when a file was [saved](Handle::save), less what time has paid off since.
    ///
    /// ```no_run
    /// # let layer = tower_weir::rate_limit::RateLimitLayer::new(tower_weir::rate_limit::Quota::per_second(1));
    /// use tower_weir::rate_limit::SnapshotError;
    ///
    /// match layer.handle().load("/var/lib/api/limits.weir") {
    ///     Ok(restored) => println!("{} keys still owe", restored.keys),
    ///     Err(SnapshotError::NotFound) => println!("no snapshot: the first start"),
    ///     Err(error) => println!("{error}; all keys start with their whole burst"),
    /// }
    /// ```
    ///
    /// Call it before the first request and before any override is set: keys are hashed under the file's secret from then on.
    /// Policies are found again by their names and those of their limits. If a quota has changed, debts are converted as by
    /// [`PolicyHandle::set_quota`]. What is kept for policies that the layer does not have is left out.
    ///
    /// The time between is read from the wall clock; if that was set back, the time counts as none, so nothing is given away.
    ///
    /// # Errors
    ///
    /// If there is no such file, it is damaged, not one of these, or of a version that is not known, or if the limits are in
    /// use. Nothing is changed then.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Restored, SnapshotError> {
        let bytes = snapshot::read(path.as_ref())?;
        let has_exceptions = self.0.rules().any(|rule| rule.limiter.exceptions().len() > 0);
        if has_exceptions || self.table().used > 0 {
            return Err(SnapshotError::InUse);
        }
        snapshot::decode(&self.0.table, &self.0.clock, &bytes)
    }
}

/// Reads and steers one limit of a layer.
#[derive(Clone)]
pub struct LimitHandle {
    /// One, or several that share a name.
    rules: Vec<Arc<ActiveRule>>,
}

impl LimitHandle {
    /// Its name: the label `limit` of the metrics.
    pub fn name(&self) -> &str {
        self.rules.first().map_or(DEFAULT_NAME, |rule| rule.limiter.name())
    }

    /// The policy of this name.
    ///
    /// # Errors
    ///
    /// If there is none; the error names those that there are.
    pub fn policy(&self, name: &str) -> Result<PolicyHandle, ConfigError> {
        let named = self.named();
        let places: Vec<_> = named.filter(|(policy, _)| policy == name).map(|(_, at)| at).collect();
        if places.is_empty() {
            return Err(unknown("policy", name, self.named().map(|(name, _)| name)));
        }
        Ok(PolicyHandle { places })
    }

    /// Its policies, in their order.
    pub fn policies(&self) -> impl Iterator<Item = PolicyHandle> {
        let mut names: Vec<_> = Vec::new();
        for (name, _) in self.named() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.into_iter().filter_map(|name| self.policy(&name).ok())
    }

    /// Lets a key pass uncounted.
    ///
    /// The key is one that the limit's extractor gives: see [`PolicyHandle::set_override`].
    pub fn allow(&self, key: &(impl Hash + ?Sized)) {
        self.set_access(key, Access::Allowed);
    }

    /// Rejects a key whatever its quota: 403 Forbidden, gRPC `PERMISSION_DENIED`.
    pub fn deny(&self, key: &(impl Hash + ?Sized)) {
        self.set_access(key, Access::Denied);
    }

    /// Limits a key again that was allowed or denied. Its overrides stay.
    pub fn restore(&self, key: &(impl Hash + ?Sized)) {
        self.set_access(key, Access::Limited);
    }

    /// How many keys are allowed, denied or have overrides.
    pub fn exceptions(&self) -> usize {
        self.rules.iter().map(|rule| rule.limiter.exceptions().len()).max().unwrap_or(0)
    }

    /// Whether it only counts what it would reject.
    pub fn is_shadow(&self) -> bool {
        self.rules.iter().all(|rule| rule.is_shadow())
    }

    /// Makes it only count what it would reject, or reject it from now on: see [`Rule::shadow`](super::Rule::shadow).
    pub fn set_shadow(&self, shadow: bool) {
        self.rules.iter().for_each(|rule| rule.set_shadow(shadow));
    }

    fn set_access(&self, key: &(impl Hash + ?Sized), access: Access) {
        for rule in &self.rules {
            rule.limiter.exceptions().set_access(rule.limiter.key(key), access);
        }
    }

    /// The names of all policies, each with its place.
    fn named(&self) -> impl Iterator<Item = (Cow<'static, str>, Place)> {
        self.rules.iter().flat_map(|rule| {
            let policies = rule.limiter.active().iter().enumerate();
            policies.map(|(at, active)| {
                let place = Place { rule: Arc::clone(rule), at };
                (active.policy.shared_name(), place)
            })
        })
    }
}

/// Reads and steers one policy of a limit.
#[derive(Clone)]
pub struct PolicyHandle {
    /// One, or several that share a name.
    places: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    rule: Arc<ActiveRule>,
    at: usize,
}

impl PolicyHandle {
    /// Its name: the label `policy` of the metrics.
    pub fn name(&self) -> &str {
        self.first().policy.name()
    }

    /// Its quota, not multiplied.
    pub fn quota(&self) -> Quota {
        self.first().terms.quota()
    }

    /// Enforces another quota from now on. Keys keep what they owe: so many requests, and a whole burst at most.
    ///
    /// So a key that has used up a burst of 10 has 90 to go when the burst becomes 100, and none when it stays 10 or becomes
    /// less; one request comes back after one new interval. Keys with an override keep it, and what they owe by it. Where
    /// requests may have [quotas of their own](super::Rule::quota_for), whose debt is whose is not known: then no debt gets
    /// smaller by the change.
    ///
    /// It visits the whole table, about 13 ms for a million keys. Requests that the policy limits wait meanwhile. A table
    /// tells the keys of 254 policies apart; what is owed to more than those stays as it is, as times. If another layer shares
    /// the table and the names, change both at once: its limit reads the same debts by its own quota.
    pub fn set_quota(&self, quota: Quota) {
        changes::set_quota(&self.limiters(), quota, self.conversion());
    }

    /// The share of its rate that it is at: the smaller of what it adapts to and what was set.
    pub fn multiplier(&self) -> f64 {
        let Some(Place { rule, at }) = self.places.first() else { return 1.0 };
        rule.adapt(rule.limiter.now());
        rule.limiter.active()[*at].terms.multiplier()
    }

    /// Caps the multiplier: 0.5 halves the rate of every key, 1 takes the cap away. An adaptive policy moves below the cap.
    ///
    /// # Errors
    ///
    /// If `cap` is not between 0.001 and 1.
    pub fn set_multiplier(&self, cap: f64) -> Result<(), ConfigError> {
        let cap = checked_share("multiplier", cap)?;
        for Place { rule, at } in &self.places {
            rule.limiter.active()[*at].terms.set_ceiling(cap);
            rule.tell_multiplier(*at);
        }
        Ok(())
    }

    /// Gives one key a quota of its own, before what [`quota_for`](super::Rule::quota_for) says.
    ///
    /// The key is one that the limit's extractor gives:
    ///
    /// | extractor | key |
    /// |---|---|
    /// | [`PeerIp`](crate::key::PeerIp), [`Forwarded`](crate::key::Forwarded) | their `key_for(address)` |
    /// | [`Header`](crate::key::Header) | the value as `&str` |
    /// | [`Extension<T>`](crate::key::Extension) | `&T` |
    /// | a closure | what it returns |
    /// | a tuple of them | a tuple of their keys |
    ///
    /// Overrides last as long as the layer, and take memory for each: they are for some customers, not for all.
    pub fn set_override(&self, key: &(impl Hash + ?Sized), quota: Quota) {
        self.edit(key, Some(quota));
    }

    /// Takes a key's own quota away.
    pub fn remove_override(&self, key: &(impl Hash + ?Sized)) {
        self.edit(key, None);
    }

    fn edit(&self, key: &(impl Hash + ?Sized), quota: Option<Quota>) {
        if let Some(Place { rule, .. }) = self.places.first() {
            let key = rule.limiter.key(key);
            changes::set_override(&self.limiters(), key, quota, self.conversion());
        }
    }

    fn limiters(&self) -> Vec<(&Limiter, usize)> {
        self.places.iter().map(|place| (&place.rule.limiter, place.at)).collect()
    }

    fn conversion(&self) -> Conversion {
        let has_tiers = self.places.iter().any(|place| place.rule.has_tiers(place.at));
        if has_tiers { Conversion::Upward } else { Conversion::Exact }
    }

    fn first(&self) -> &super::limiter::ActivePolicy {
        let Place { rule, at } = &self.places[0];
        &rule.limiter.active()[*at]
    }
}

fn unknown(
    field: &'static str,
    name: &str,
    known: impl Iterator<Item = Cow<'static, str>>,
) -> ConfigError {
    let mut known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    known.dedup();
    ConfigError::new(
        field,
        name,
        format!("there is no such {field}; allowed: {}", known.join(", ")),
    )
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.limits()).finish()
    }
}

impl fmt::Debug for LimitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitHandle")
            .field("name", &self.name())
            .field("policies", &self.policies().collect::<Vec<_>>())
            .finish()
    }
}

impl fmt::Debug for PolicyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyHandle")
            .field("name", &self.name())
            .field("quota", &self.quota())
            .finish_non_exhaustive()
    }
}
