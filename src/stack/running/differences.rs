use crate::stack::settings::{Route, Scope, Section, Settings};

/// What two settings say differently, in words. Empty if they are equal.
pub(super) fn differences(before: &Settings, now: &Settings) -> Vec<String> {
    let mut all = Vec::new();
    let mut top = |name: &str, same: bool| {
        if !same {
            all.push(format!("`{name}`"));
        }
    };
    top("watch", before.watch == now.watch);
    top("trusted_proxies", before.trusted_proxies == now.trusted_proxies);
    top("stores", before.stores == now.stores);
    #[cfg(feature = "redis")]
    top("redis", before.redis == now.redis);
    for section in Section::ALL {
        if !is_same(section, &before.defaults, &now.defaults) {
            all.push(format!("`{}` of the defaults", section.name()));
        }
    }
    for route in &now.routes {
        match before.routes.iter().find(|before| before.name == route.name) {
            Some(before) => of_route(before, route, &mut all),
            None => all.push(format!("`{}`, which is new", route.name)),
        }
    }
    for gone in &before.routes {
        if !now.routes.iter().any(|route| route.name == gone.name) {
            all.push(format!("`{}`, which is gone", gone.name));
        }
    }
    if all.is_empty() && before != now {
        all.push("the order of routes".to_owned());
    }
    all
}

fn of_route(before: &Route, now: &Route, all: &mut Vec<String>) {
    let name = &now.name;
    if (&before.path, &before.methods) != (&now.path, &now.methods) {
        all.push(format!("the requests of `{name}`"));
    }
    for section in Section::ALL {
        let owns = |route: &Route| route.own.contains(&section);
        let same = is_same(section, &before.scope, &now.scope) || !(owns(before) || owns(now));
        if !same || owns(before) != owns(now) {
            all.push(format!("`{}` of `{name}`", section.name()));
        }
    }
}

fn is_same(section: Section, before: &Scope, now: &Scope) -> bool {
    match section {
        Section::Profile => before.profile == now.profile,
        Section::RateLimit => before.rate_limit == now.rate_limit,
        Section::Cache => before.cache == now.cache,
        Section::Coalesce => before.coalesce == now.coalesce,
        Section::Concurrency => before.concurrency == now.concurrency,
        Section::CircuitBreaker => before.circuit_breaker == now.circuit_breaker,
    }
}
