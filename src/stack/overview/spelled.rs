//! Values as a file would say them.

use std::{fmt::Display, time::Duration};

use bytesize::ByteSize;

use crate::{
    rate_limit::Policy,
    stack::settings::{
        Adaptive, Authorization, Cache, Charge, CircuitBreaker, ClientDirectives, Coalesce,
        Concurrency, Cookies, Fields, Hold, Key, Limit, MissingKey, Outage, Profile, Query,
        RateLimit, Scope, Section, Window,
    },
};

/// The keys of a section, each with its value.
pub(super) type Entries = Vec<(&'static str, String)>;

/// What a section says, key by key; `None` if it is switched off.
pub(super) fn entries(scope: &Scope, section: Section) -> Option<Entries> {
    match section {
        Section::Profile => scope.profile.as_ref().map(profile),
        Section::RateLimit => scope.rate_limit.as_ref().map(rate_limit),
        Section::Cache => scope.cache.as_ref().map(cache),
        Section::Coalesce => scope.coalesce.as_ref().map(coalesce),
        Section::Concurrency => scope.concurrency.as_ref().map(concurrency),
        Section::CircuitBreaker => scope.circuit_breaker.as_ref().map(circuit_breaker),
    }
}

fn profile(section: &Profile) -> Entries {
    vec![
        ("server_timing", section.server_timing.to_string()),
        ("exemplar_ids", list(&section.exemplar_ids)),
    ]
}

fn rate_limit(section: &RateLimit) -> Entries {
    let charge = match section.charge {
        Charge::All => "all",
        Charge::Failures => "failures",
        Charge::Successes => "successes",
    };
    let headers = match section.headers {
        Fields::Standard => "standard",
        Fields::Legacy => "legacy",
        Fields::Both => "both",
        Fields::None => "none",
    };
    let on_outage = match section.on_outage {
        Outage::Local => "local",
        Outage::Open => "open",
        Outage::Closed => "closed",
    };
    vec![
        ("key", key(&section.key)),
        ("on_missing_key", missing(section.on_missing_key)),
        ("policies", section.policies.iter().map(policy).collect::<Vec<_>>().join(", ")),
        ("adaptive", section.adaptive.as_ref().map_or_else(none, adaptive)),
        ("charge", charge.into()),
        ("headers", headers.into()),
        ("exempt", list(&section.exempt)),
        ("deny", list(&section.deny)),
        ("max_wait", duration(section.max_wait)),
        ("max_queue", section.max_queue.to_string()),
        ("retry_jitter", section.retry_jitter.to_string()),
        ("shadow", section.shadow.to_string()),
        ("shared", section.shared.to_string()),
        ("on_outage", on_outage.into()),
        ("leases", section.leases.to_string()),
    ]
}

fn cache(section: &Cache) -> Entries {
    let set_cookie = match section.set_cookie {
        Cookies::Refuse => "refuse",
        Cookies::Share => "share",
    };
    let authorization = match section.authorization {
        Authorization::IfDeclaredShareable => "if_declared_shareable",
        Authorization::SharePrivateDataWithEveryone => "share_private_data_with_everyone",
    };
    let directives = match section.client_directives {
        ClientDirectives::Honour => "honour",
        ClientDirectives::Ignore => "ignore",
    };
    vec![
        ("ttl", section.ttl.map_or_else(none, duration)),
        ("stale_while_revalidate", duration(section.stale_while_revalidate)),
        ("stale_if_error", duration(section.stale_if_error)),
        ("vary", list(&section.vary)),
        ("disregard", list(&section.disregard)),
        ("query", query(&section.query)),
        ("key", section.key.as_ref().map_or_else(none, key)),
        ("heuristic", section.heuristic.to_string()),
        ("set_cookie", set_cookie.into()),
        ("authorization", authorization.into()),
        ("client_directives", directives.into()),
        ("max_object_bytes", bytes(section.max_object_bytes)),
        ("max_variants", section.max_variants.to_string()),
        ("pass_for", duration(section.pass_for)),
        ("max_wait", duration(section.max_wait)),
        ("early_refresh", section.early_refresh.to_string()),
        ("cache_status", section.cache_status.to_string()),
        #[cfg(feature = "compression")]
        ("compress", section.compress.to_string()),
    ]
}

fn coalesce(section: &Coalesce) -> Entries {
    vec![
        ("vary", list(&section.vary)),
        ("disregard", list(&section.disregard)),
        ("query", query(&section.query)),
        ("max_body_bytes", bytes(section.max_body_bytes)),
        ("pass_for", duration(section.pass_for)),
        ("max_wait", duration(section.max_wait)),
    ]
}

fn concurrency(section: &Concurrency) -> Entries {
    let (limit, bounds) = limit(section.limit);
    let hold_until = match section.hold_until {
        Hold::Headers => "headers",
        Hold::BodyEnd => "body_end",
    };
    let mut entries = vec![("limit", limit)];
    if let Some((min, initial, max)) = bounds {
        let bounds = [("min", min), ("initial", initial), ("max", max)];
        entries.extend(bounds.map(|(key, bound)| (key, bound.to_string())));
    }
    entries.extend([
        (
            "max_queue",
            section.max_queue.map_or_else(|| "4 x limit + 8".to_owned(), |most| most.to_string()),
        ),
        ("max_wait", duration(section.max_wait)),
        ("key", section.key.as_ref().map_or_else(none, key)),
        ("on_missing_key", missing(section.on_missing_key)),
        ("max_keys", section.max_keys.to_string()),
        ("hold_until", hold_until.into()),
        ("retry_after", duration(section.retry_after)),
        ("shadow", section.shadow.to_string()),
    ]);
    entries
}

fn circuit_breaker(section: &CircuitBreaker) -> Entries {
    let slow = section.slow;
    vec![
        ("window", window(section.window)),
        ("minimum", section.minimum.to_string()),
        ("failure_share", section.failure_share.to_string()),
        ("slow_from", slow.map_or_else(none, |slow| duration(slow.from))),
        ("slow_share", slow.map_or_else(none, |slow| slow.share.to_string())),
        ("open_for", duration(section.open_for)),
        ("open_at_most", duration(section.open_at_most)),
        ("required_probes", section.required_probes.to_string()),
        ("probes", section.probes.to_string()),
        ("key", section.key.as_ref().map_or_else(none, key)),
        ("on_missing_key", missing(section.on_missing_key)),
        ("shadow", section.shadow.to_string()),
    ]
}

/// The word for a limit, and between which bounds it moves.
pub(super) fn limit(limit: Limit) -> (String, Option<(usize, usize, usize)>) {
    let (word, bounds) = match limit {
        Limit::Fixed(limit) => return (limit.to_string(), None),
        Limit::VerifiedGradient { min, initial, max } => ("adaptive", (min, initial, max)),
        Limit::Gradient2 { min, initial, max } => ("gradient2", (min, initial, max)),
        Limit::Vegas { min, initial, max } => ("vegas", (min, initial, max)),
        Limit::Aimd { min, initial, max } => ("aimd", (min, initial, max)),
    };
    (word.to_owned(), Some(bounds))
}

/// `100/minute`, after its name if that says more.
pub(super) fn policy(policy: &Policy) -> String {
    let quota = policy.quota();
    match policy.name() == Policy::from(quota).name() {
        true => quota.to_string(),
        false => format!("{}: {quota}", policy.name()),
    }
}

fn adaptive(adaptive: &Adaptive) -> String {
    let target = adaptive.latency_target.map_or_else(none, duration);
    let delay = adaptive.scheduling_delay;
    let delay =
        delay.map_or_else(none, |(soft, hard)| format!("{} to {}", duration(soft), duration(hard)));
    format!("down to {}, latency_target {target}, scheduling_delay {delay}", adaptive.floor)
}

pub(super) fn key(key: &Key) -> String {
    match key {
        Key::Global => "global".to_owned(),
        Key::PeerIp => "peer_ip".to_owned(),
        Key::Forwarded => "forwarded".to_owned(),
        Key::Header(name) => format!("header:{name}"),
        Key::Named(name) => name.clone(),
        Key::All(keys) => keys.iter().map(self::key).collect::<Vec<_>>().join(" + "),
    }
}

pub(super) fn window(window: Window) -> String {
    match window {
        Window::Time(time) => duration(time),
        Window::Calls(calls) => format!("{calls} calls"),
    }
}

/// `1h 30m`
pub(super) fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// `64.0 MiB`
pub(super) fn bytes(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

pub(super) fn list<T: Display>(items: &[T]) -> String {
    match items {
        [] => none(),
        items => items.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn query(query: &Query) -> String {
    match query {
        Query::AsIs => "as_is".to_owned(),
        Query::Sorted => "sorted".to_owned(),
        Query::Ignored => "ignored".to_owned(),
        Query::Only(names) => format!("only {}", list(names)),
        Query::Without(names) => format!("without {}", list(names)),
    }
}

fn missing(choice: MissingKey) -> String {
    let word = match choice {
        MissingKey::Share => "share",
        MissingKey::Reject => "reject",
        MissingKey::Skip => "skip",
    };
    word.to_owned()
}

fn none() -> String {
    "none".to_owned()
}
