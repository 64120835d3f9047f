use http::HeaderName;

use crate::{
    coalesce::{CoalesceLayer, FingerprintBuilder, Query},
    stack::{
        running::building::Building,
        settings::{Coalesce, Query as Chosen},
    },
};

pub(in crate::stack::running) fn coalesce(
    coalesce: &Coalesce,
    name: &str,
    at: &Building<'_>,
) -> CoalesceLayer {
    CoalesceLayer::new()
        .named(name.to_owned())
        .fingerprint(fingerprint(&coalesce.query, &coalesce.vary, &coalesce.disregard))
        .max_body_bytes(coalesce.max_body_bytes)
        .pass_for(coalesce.pass_for)
        .max_wait(coalesce.max_wait)
        .clock(at.parts.clock.clone())
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
