use crate::{
    concurrency::{
        Aimd, Bounds, ConcurrencyLimitLayer, Fixed, Gradient2, HoldUntil, Limiter, Queue, Vegas,
        VerifiedGradient, Windowed,
    },
    error::ConfigError,
    stack::{
        running::{building::Building, key::on_missing},
        settings::{Concurrency, Hold, Limit},
    },
};

pub(in crate::stack::running) fn concurrency(
    concurrency: &Concurrency,
    name: &str,
    at: &Building<'_>,
) -> Result<ConcurrencyLimitLayer, ConfigError> {
    let limiter = limiter(concurrency.limit)?.named(name.to_owned());
    let limiter = match queue(concurrency)? {
        Some(queue) => limiter.queue(queue),
        None => limiter.reject_when_full(),
    };
    let mut limiter = limiter.clock(at.parts.clock.clone());
    if let Some(key) = &concurrency.key {
        limiter = limiter
            .key(at.key(key)?)
            .on_missing_key(on_missing(concurrency.on_missing_key))
            .max_keys(concurrency.max_keys)?;
    }
    Ok(layer(concurrency, limiter))
}

fn layer(concurrency: &Concurrency, limiter: Limiter) -> ConcurrencyLimitLayer {
    let hold_until = match concurrency.hold_until {
        Hold::Headers => HoldUntil::Headers,
        Hold::BodyEnd => HoldUntil::BodyEnd,
    };
    ConcurrencyLimitLayer::new(limiter)
        .hold_until(hold_until)
        .retry_after(concurrency.retry_after)
        .shadow(concurrency.shadow)
}

fn limiter(limit: Limit) -> Result<Limiter, ConfigError> {
    let bounds = Bounds::try_new;
    Ok(match limit {
        Limit::Fixed(limit) => Fixed::try_new(limit)?.into(),
        Limit::VerifiedGradient { min, initial, max } => {
            VerifiedGradient::default().bounds(bounds(min, initial, max)?).into()
        }
        Limit::Gradient2 { min, initial, max } => {
            Windowed::new(Gradient2::default().bounds(bounds(min, initial, max)?)).into()
        }
        Limit::Vegas { min, initial, max } => {
            Windowed::new(Vegas::default().bounds(bounds(min, initial, max)?)).into()
        }
        Limit::Aimd { min, initial, max } => {
            Aimd::default().bounds(bounds(min, initial, max)?).into()
        }
    })
}

fn queue(concurrency: &Concurrency) -> Result<Option<Queue>, ConfigError> {
    if concurrency.max_queue == Some(0) || concurrency.max_wait.is_zero() {
        return Ok(None);
    }
    let queue = Queue::try_new(concurrency.max_wait)?;
    match concurrency.max_queue {
        Some(capacity) => queue.try_capacity(capacity).map(Some),
        None => Ok(Some(queue)),
    }
}
