use crate::{
    concurrency::{
        Aimd, Bounds, ConcurrencyLimitLayer, Fixed, Gradient2, HoldUntil, Limiter, Queue, Vegas,
        VerifiedGradient, Windowed,
    },
    error::ConfigError,
    stack::{
        running::{building::Building, commit::Commit, key::on_missing},
        settings::{Concurrency, Hold, Limit},
    },
};

/// The limiter that is at work goes on, and is changed when the layer is put to work; unless it counts by another key, when
/// those who are in by the former one's leave count for nothing.
pub(in crate::stack::running) fn concurrency(
    concurrency: &Concurrency,
    name: &str,
    former: Option<(&Concurrency, &ConcurrencyLimitLayer)>,
    at: &Building<'_>,
    commit: &mut Commit,
) -> Result<ConcurrencyLimitLayer, ConfigError> {
    let former = former.filter(|(before, _)| {
        at.is_same_key(concurrency.key.as_ref()) && is_same_key(before, concurrency)
    });
    if let Some((before, former)) = former
        && let Some(limiter) = former.handle().limiters().next()
    {
        let next = layer(concurrency, limiter.clone());
        let limit = match before.limit == concurrency.limit {
            true => None,
            false => Some(self::limiter(from_there(concurrency, before, &limiter))?),
        };
        let queue = queue(concurrency)?;
        let same_shadow = before.shadow == concurrency.shadow;
        let (handle, former) = (next.handle(), former.handle());
        commit.add(move || {
            limiter.change(limit.as_ref(), queue);
            if same_shadow {
                handle.set_shadow(former.is_shadow());
            }
        });
        return Ok(next);
    }
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

/// Whether a limiter that was built for the one is right for the other, but for its limit and its queue.
fn is_same_key(before: &Concurrency, now: &Concurrency) -> bool {
    let none = before.key.is_none() && now.key.is_none();
    let of = |it: &Concurrency| (it.key.clone(), it.on_missing_key, it.max_keys);
    none || of(before) == of(now)
}

/// A limit that is learnt anew begins at what was learnt before: at its first limit, a service under load would be hurt. Limits
/// of keys are learnt apart, and begin as written.
fn from_there(now: &Concurrency, before: &Concurrency, limiter: &Limiter) -> Limit {
    let mut limit = now.limit;
    let is_learnt = before.key.is_none() && !matches!(before.limit, Limit::Fixed(_));
    if let Limit::VerifiedGradient { min, initial, max }
    | Limit::Gradient2 { min, initial, max }
    | Limit::Vegas { min, initial, max }
    | Limit::Aimd { min, initial, max } = &mut limit
        && is_learnt
        && *min <= *max
    {
        *initial = limiter.limit().clamp(*min, *max);
    }
    limit
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
