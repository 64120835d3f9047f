use http::HeaderName;

use crate::{
    coalesce::{CoalesceLayer, FingerprintBuilder, Query},
    error::ConfigError,
    stack::{
        running::building::Building,
        settings::{Coalesce, Key, Query as Chosen, Scope},
    },
};

/// What the cache around tells requests apart by. Those that share a call fill it for all of them, so this must be told apart
/// by whoever lets them share.
#[derive(PartialEq)]
pub(in crate::stack::running) struct Apart<'a> {
    vary: &'a [HeaderName],
    pub(in crate::stack::running) key: Option<&'a Key>,
}

impl<'a> Apart<'a> {
    pub(in crate::stack::running) fn of(scope: &'a Scope) -> Self {
        match &scope.cache {
            Some(cache) => Self { vary: &cache.vary, key: cache.key.as_ref() },
            None => Self { vary: &[], key: None },
        }
    }
}

pub(in crate::stack::running) fn coalesce(
    coalesce: &Coalesce,
    apart: &Apart<'_>,
    name: &str,
    at: &Building<'_>,
) -> Result<CoalesceLayer, ConfigError> {
    let vary: Vec<_> = coalesce.vary.iter().chain(apart.vary).cloned().collect();
    let mut fingerprint = fingerprint(&coalesce.query, &vary, &coalesce.disregard);
    if let Some(key) = apart.key {
        fingerprint = fingerprint.key(at.key(key)?);
    }
    Ok(CoalesceLayer::new()
        .named(name.to_owned())
        .fingerprint(fingerprint)
        .max_body_bytes(coalesce.max_body_bytes)
        .pass_for(coalesce.pass_for)
        .max_wait(coalesce.max_wait)
        .clock(at.parts.clock.clone()))
}

/// What tells requests apart.
pub(super) fn fingerprint(
    query: &Chosen,
    vary: &[HeaderName],
    disregard: &[HeaderName],
) -> FingerprintBuilder {
    let query = match query {
        Chosen::AsIs => Query::as_is(),
        Chosen::Sorted => Query::sorted(),
        Chosen::Ignored => Query::ignored(),
        Chosen::Only(names) => Query::only(names),
        Chosen::Without(names) => Query::without(names),
    };
    let fingerprint = FingerprintBuilder::default().query(query);
    let fingerprint =
        vary.iter().fold(fingerprint, |fingerprint, name| fingerprint.header(name.clone()));
    disregard.iter().fold(fingerprint, |fingerprint, name| fingerprint.disregard(name.clone()))
}
