use ipnet::IpNet;

use crate::{
    error::ConfigError,
    head::Head,
    key::PeerIp,
    load::{Ramp, SchedulingDelay},
    rate_limit::{Adaptive, Aimd, Headers, Policy, Queue, RateLimitLayer, Table},
    stack::{
        running::{
            building::Building,
            key::{forwarded, on_missing},
        },
        service::RateLimiting,
        settings::{Adaptive as Chosen, Charge, Fields, RateLimit},
    },
};
#[cfg(feature = "redis")]
use crate::{
    rate_limit::{Fallback, Leases},
    redis::RedisStore,
    stack::settings::Outage,
};

/// All of them have one table, in which what keys owe is found again by the name of the limit.
pub(in crate::stack::running) fn rate_limit(
    limit: &RateLimit,
    name: &str,
    table: &Table,
    at: &Building<'_>,
) -> Result<RateLimiting, ConfigError> {
    let Some((first, others)) = limit.policies.split_first() else {
        return Err(ConfigError::new("policies", "[]", "at least one quota"));
    };
    let mut layer = policy(RateLimitLayer::new(named(first)?), limit)?;
    for other in others {
        layer = policy(layer.and(named(other)?), limit)?;
    }
    let mut layer = layer
        .named(name.to_owned())
        .key(at.key(&limit.key)?)
        .on_missing_key(on_missing(limit.on_missing_key))
        .headers(fields(limit.headers))
        .shadow(limit.shadow)
        .retry_jitter(limit.retry_jitter)?
        .table(table.clone())
        .clock(at.parts.clock.clone());
    layer = match limit.charge {
        Charge::All => layer,
        Charge::Failures => layer.charge_on(|served| u32::from(!served.is_success())),
        Charge::Successes => layer.charge_on(|served| u32::from(served.is_success())),
    };
    if !limit.exempt.is_empty() {
        layer = layer.exempt(within(&limit.exempt, at)?);
    }
    if !limit.deny.is_empty() {
        layer = layer.deny(within(&limit.deny, at)?);
    }
    #[cfg(feature = "redis")]
    if limit.shared {
        return shared(limit, layer, at);
    }
    if limit.max_wait.is_zero() || limit.max_queue == 0 {
        return Ok(RateLimiting::Plain(layer));
    }
    Ok(RateLimiting::Queued(layer.queue(Queue::try_new(limit.max_wait, limit.max_queue)?)))
}

#[cfg(feature = "redis")]
fn shared(
    limit: &RateLimit,
    layer: RateLimitLayer,
    at: &Building<'_>,
) -> Result<RateLimiting, ConfigError> {
    let Some(redis) = at.redis else {
        return Err(ConfigError::new("shared", "true", "there must be a section `redis`"));
    };
    let fallback = match limit.on_outage {
        Outage::Local => Fallback::default(),
        Outage::Open => Fallback::FailOpen,
        Outage::Closed => Fallback::FailClosed,
    };
    let layer = layer.shared(RedisStore::new(redis)).fallback(fallback);
    Ok(RateLimiting::Shared(if limit.leases { layer.leases(Leases::new()) } else { layer }))
}

/// What holds for the policy added last.
fn policy(layer: RateLimitLayer, limit: &RateLimit) -> Result<RateLimitLayer, ConfigError> {
    match &limit.adaptive {
        Some(adaptive) => Ok(layer.adaptive(adapted(adaptive)?)),
        None => Ok(layer),
    }
}

/// Nobody has named a policy that is called by its quota: this calls it after its period, so that it keeps its name, and what
/// is owed to it, when its number changes.
fn named(policy: &Policy) -> Result<Policy, ConfigError> {
    let quota = policy.quota();
    if policy.name() != quota.to_string() {
        return Ok(policy.clone());
    }
    Policy::try_new(humantime::format_duration(quota.period()).to_string(), quota)
}

fn adapted(adaptive: &Chosen) -> Result<Adaptive, ConfigError> {
    let mut aimd = Aimd::default()
        .interval(adaptive.interval)?
        .threshold(adaptive.threshold)?
        .min_volume(adaptive.min_volume)
        .decrease(adaptive.decrease)?
        .increase(adaptive.increase)?;
    if let Some(target) = adaptive.latency_target {
        aimd = aimd.latency_target(target);
    }
    let adapted = Adaptive::new().outcomes(aimd).floor(adaptive.floor)?;
    Ok(match adaptive.scheduling_delay {
        Some((soft, hard)) => {
            let ramp = Ramp::try_new(soft.as_secs_f64(), hard.as_secs_f64())?;
            adapted.load(SchedulingDelay, ramp)
        }
        None => adapted,
    })
}

fn fields(fields: Fields) -> Headers {
    match fields {
        Fields::Standard => Headers::Draft11,
        Fields::Legacy => Headers::Legacy,
        Fields::Both => Headers::Both,
        Fields::None => Headers::None,
    }
}

type Test = Box<dyn Fn(&Head<'_>) -> bool + Send + Sync>;

/// Whether a request comes from one of these networks: told by proxies if the limit counts by what they tell.
fn within(networks: &[IpNet], at: &Building<'_>) -> Result<Test, ConfigError> {
    let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
    let proxies = &at.settings.trusted_proxies;
    Ok(if proxies.cidrs.is_empty() {
        Box::new(PeerIp.within(networks)?)
    } else {
        Box::new(forwarded(proxies)?.within(networks)?)
    })
}
