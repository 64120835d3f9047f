use std::sync::Arc;

use super::{
    commit::Commit,
    key::{ConfiguredKey, is_forwarded},
    parts::Parts,
    sections,
    stack::Stack,
    stores::Stores,
};
#[cfg(feature = "redis")]
use crate::redis::Redis;
use crate::{
    error::ConfigError,
    route::{RouteNamer, RouteTable},
    stack::{
        service::Plan,
        settings::{Coalesce, Key, Route, Scope, Section, Settings},
    },
};

/// What layers are built from.
pub(super) struct Building<'a> {
    pub(super) settings: &'a Settings,
    pub(super) parts: &'a Parts,
    pub(super) names: RouteNamer,
    #[cfg(feature = "redis")]
    pub(super) redis: Option<&'a Redis>,
    /// What is at work now, if anything is.
    before: Option<&'a Stack>,
    /// Whether what a section is built of besides its settings is as before.
    same_proxies: bool,
    same_names: bool,
    same_redis: bool,
}

/// A scope of the settings that is to become a plan: the defaults, or a route.
struct Place<'a> {
    name: &'a str,
    pattern: Option<&'a str>,
    scope: &'a Scope,
    own: &'a [Section],
}

/// The same place before.
struct Former<'a> {
    place: Place<'a>,
    plan: &'a Plan,
}

/// Builds all that the settings say, and changes nothing yet: what is to be carried over is for the [`Commit`].
pub(super) fn build(
    settings: Settings,
    parts: &Parts,
    before: Option<&Stack>,
) -> Result<(Stack, Commit), ConfigError> {
    let names = RouteNamer::default().table(names(&settings)?);
    let mut stores = before.map(|stack| stack.stores.clone()).unwrap_or_default();
    #[cfg(feature = "redis")]
    let redis = stores.redis(&settings)?;
    let building = Building {
        settings: &settings,
        parts,
        names,
        #[cfg(feature = "redis")]
        redis: redis.as_ref(),
        before,
        same_proxies: before
            .is_some_and(|stack| stack.settings.trusted_proxies == settings.trusted_proxies),
        same_names: before.is_some_and(|stack| are_same_names(&stack.settings, &settings)),
        same_redis: before.is_some_and(|stack| is_same_redis(&stack.settings, &settings)),
    };
    if !building.same_names {
        stores.count_anew();
    }
    let mut commit = Commit::default();
    let otherwise = building.plan(&defaults(&settings), None, &mut stores, &mut commit)?;
    let otherwise = Arc::new(otherwise);
    let (mut plans, mut routes) = (Vec::new(), RouteTable::new());
    for route in &settings.routes {
        let plan = building.plan(&of(route), Some(&otherwise), &mut stores, &mut commit)?;
        let plan = Arc::new(plan);
        routes = insert(routes, route, &plan)?;
        plans.push(plan);
    }
    let generation = before.map_or(1, |stack| stack.generation + 1);
    let stack = Stack { settings, plans, routes, otherwise, stores, generation };
    Ok((stack, commit))
}

fn insert<T: Clone>(
    table: RouteTable<T>,
    route: &Route,
    value: &T,
) -> Result<RouteTable<T>, ConfigError> {
    if route.methods.is_empty() {
        return table.try_route(None, &route.path, value.clone());
    }
    let mut methods = route.methods.iter();
    methods.try_fold(table, |table, method| {
        table.try_route(Some(method.clone()), &route.path, value.clone())
    })
}

fn names(settings: &Settings) -> Result<RouteTable<()>, ConfigError> {
    settings.routes.iter().try_fold(RouteTable::new(), |names, route| insert(names, route, &()))
}

fn are_same_names(before: &Settings, now: &Settings) -> bool {
    let patterns = |settings: &Settings| -> Vec<_> {
        let routes = settings.routes.iter();
        routes.map(|route| (route.path.clone(), route.methods.clone())).collect()
    };
    patterns(before) == patterns(now)
}

/// Whether limits that processes share are asked for at the same place.
fn is_same_redis(before: &Settings, now: &Settings) -> bool {
    #[cfg(feature = "redis")]
    return before.redis == now.redis;
    #[cfg(not(feature = "redis"))]
    {
        let _ = (before, now);
        true
    }
}

fn defaults(settings: &Settings) -> Place<'_> {
    Place { name: Settings::DEFAULTS, pattern: None, scope: &settings.defaults, own: &Section::ALL }
}

fn of(route: &Route) -> Place<'_> {
    Place { name: &route.name, pattern: Some(&route.path), scope: &route.scope, own: &route.own }
}

impl<'a> Building<'a> {
    /// The extractor that a file's choice stands for.
    pub(super) fn key(&self, key: &Key) -> Result<ConfiguredKey, ConfigError> {
        ConfiguredKey::new(key, &self.settings.trusted_proxies, &self.parts.keys)
    }

    /// Whether a key that is chosen as before is read as before: one that proxies tell is not if others are trusted.
    pub(super) fn is_same_key(&self, key: Option<&Key>) -> bool {
        self.same_proxies || !key.is_some_and(is_forwarded)
    }

    fn plan(
        &self,
        place: &Place<'_>,
        inherited: Option<&Plan>,
        stores: &mut Stores,
        commit: &mut Commit,
    ) -> Result<Plan, ConfigError> {
        let former = self.former(place.name, inherited.is_none());
        let at = Site { place, former: former.as_ref(), inherited };
        let name = place.name;
        let profile = place.scope.profile.as_ref();
        let profile = profile.map(|profile| sections::profile(profile, place.pattern, self));
        let rate_limit = at.section(
            Section::RateLimit,
            |scope| scope.rate_limit.as_ref(),
            |plan| plan.rate_limit.as_ref(),
            |limit| {
                let lists_nobody = limit.exempt.is_empty() && limit.deny.is_empty();
                (lists_nobody || self.same_proxies)
                    && self.is_same_key(Some(&limit.key))
                    && self.same_redis
            },
            |limit, former| {
                let table = stores.table(&self.settings.stores);
                let layer = sections::rate_limit(limit, name, &table, self)?;
                // Addresses are the same whichever proxies tell them.
                if let Some((before, former)) = former {
                    commit.rate_limit(former, &layer, before.key == limit.key);
                }
                Ok(layer)
            },
        )?;
        let cache = at.section(
            Section::Cache,
            |scope| scope.cache.as_ref(),
            |plan| plan.cache.as_ref(),
            |cache| self.is_same_key(cache.key.as_ref()) && self.same_names,
            |cache, _| {
                let layer = sections::cache(cache, &stores.cache(self.settings)?, self)?;
                Ok(stores.counted(layer))
            },
        )?;
        let apart = sections::Apart::of(place.scope);
        let anew = |coalesce: &Coalesce| sections::coalesce(coalesce, &apart, name, self);
        let inherits = inherited.is_some() && !place.own.contains(&Section::Coalesce);
        let coalesce = match &place.scope.coalesce {
            // The cache of this route tells requests apart that those of others do not.
            Some(coalesce) if inherits && apart != sections::Apart::of(&self.settings.defaults) => {
                Some(anew(coalesce)?)
            }
            _ => at.section(
                Section::Coalesce,
                |scope| scope.coalesce.as_ref(),
                |plan| plan.coalesce.as_ref(),
                |_| {
                    self.is_same_key(apart.key)
                        && former
                            .as_ref()
                            .is_some_and(|it| apart == sections::Apart::of(it.place.scope))
                },
                |coalesce, _| anew(coalesce),
            )?,
        };
        let concurrency = at.section(
            Section::Concurrency,
            |scope| scope.concurrency.as_ref(),
            |plan| plan.concurrency.as_ref(),
            |concurrency| self.is_same_key(concurrency.key.as_ref()),
            |concurrency, former| sections::concurrency(concurrency, name, former, self, commit),
        )?;
        let circuit_breaker = at.section(
            Section::CircuitBreaker,
            |scope| scope.circuit_breaker.as_ref(),
            |plan| plan.circuit_breaker.as_ref(),
            |breaker| self.is_same_key(breaker.key.as_ref()),
            |breaker, former| {
                let layer = sections::circuit_breaker(breaker, name, self)?;
                if let Some((before, former)) = former
                    && self.is_same_key(breaker.key.as_ref())
                    && before.key == breaker.key
                {
                    let (former, next) = (former.clone(), layer.clone());
                    commit.add(move || next.take_over(&former));
                }
                Ok(layer)
            },
        )?;
        Ok(Plan { profile, rate_limit, cache, coalesce, concurrency, circuit_breaker })
    }

    fn former(&self, name: &str, is_defaults: bool) -> Option<Former<'a>> {
        let before = self.before?;
        if is_defaults {
            return Some(Former { place: defaults(&before.settings), plan: &before.otherwise });
        }
        let mut routes = before.settings.routes.iter().zip(&before.plans);
        let (route, plan) = routes.find(|(route, _)| route.name == name)?;
        Some(Former { place: of(route), plan })
    }
}

/// A place, with what was there before and what it has from the defaults.
struct Site<'a, 'b> {
    place: &'a Place<'a>,
    former: Option<&'a Former<'b>>,
    inherited: Option<&'a Plan>,
}

impl Site<'_, '_> {
    /// The layer of a section: none if it is off, that of the defaults if the place does not mention it, the very one that is at
    /// work if it is written as before and `same` says that this means the same. Otherwise a new one, which is told of the one
    /// that is at work.
    fn section<S: PartialEq, L: Clone>(
        &self,
        section: Section,
        settings: impl Fn(&Scope) -> Option<&S>,
        layer: impl Fn(&Plan) -> Option<&L>,
        same: impl Fn(&S) -> bool,
        build: impl FnOnce(&S, Option<(&S, &L)>) -> Result<L, ConfigError>,
    ) -> Result<Option<L>, ConfigError> {
        let Some(now) = settings(self.place.scope) else { return Ok(None) };
        if let Some(inherited) = self.inherited.filter(|_| !self.place.own.contains(&section)) {
            return Ok(layer(inherited).cloned());
        }
        let former = self.former.filter(|former| former.place.own.contains(&section));
        let former =
            former.and_then(|former| Some((settings(former.place.scope)?, layer(former.plan)?)));
        match former {
            Some((before, layer)) if before == now && same(now) => Ok(Some(layer.clone())),
            former => build(now, former).map(Some),
        }
    }
}
