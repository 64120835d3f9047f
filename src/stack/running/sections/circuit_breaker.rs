use crate::{
    circuit_breaker::{Breaker, CircuitBreakerLayer, Window},
    error::ConfigError,
    stack::{
        running::{building::Building, key::on_missing},
        settings::{CircuitBreaker, Window as Chosen},
    },
};

pub(in crate::stack::running) fn circuit_breaker(
    breaker: &CircuitBreaker,
    name: &str,
    at: &Building<'_>,
) -> Result<CircuitBreakerLayer, ConfigError> {
    let window = match breaker.window {
        Chosen::Time(length) => Window::by_time(length, breaker.minimum)?,
        Chosen::Calls(calls) => Window::by_count(calls, breaker.minimum)?,
    };
    let mut rule = Breaker::new()
        .named(name.to_owned())
        .window(window)
        .failure_share(breaker.failure_share)?
        .open_for(breaker.open_for, breaker.open_at_most)?
        .probes(breaker.required_probes, breaker.probes)?;
    if let Some(slow) = breaker.slow {
        rule = rule.slow_calls(slow.from, slow.share)?;
    }
    let mut layer = CircuitBreakerLayer::new(rule)
        .on_missing_key(on_missing(breaker.on_missing_key))
        .shadow(breaker.shadow)
        .clock(at.parts.clock.clone());
    if let Some(key) = &breaker.key {
        layer = layer.key(at.key(key)?);
    }
    Ok(layer)
}
