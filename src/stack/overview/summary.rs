//! A section in a few words.

use super::spelled::{bytes, duration, key, limit, list, policy, window};
use crate::stack::settings::{
    Cache, Charge, CircuitBreaker, Coalesce, Concurrency, Key, Profile, RateLimit, Scope, Section,
};

/// What a section of a scope comes to, in a line or a few; `None` if it is switched off.
pub(super) fn summary(scope: &Scope, section: Section) -> Option<Vec<String>> {
    match section {
        Section::Profile => scope.profile.as_ref().map(profile),
        Section::RateLimit => scope.rate_limit.as_ref().map(rate_limit),
        Section::Cache => scope.cache.as_ref().map(cache),
        Section::Coalesce => scope.coalesce.as_ref().map(coalesce),
        Section::Concurrency => scope.concurrency.as_ref().map(concurrency),
        Section::CircuitBreaker => scope.circuit_breaker.as_ref().map(circuit_breaker),
    }
}

fn profile(section: &Profile) -> Vec<String> {
    vec![if section.server_timing { "on, told to clients" } else { "on" }.to_owned()]
}

fn rate_limit(section: &RateLimit) -> Vec<String> {
    let mut lines: Vec<_> = section.policies.iter().map(policy).collect();
    lines.push(per(Some(&section.key)));
    if section.adaptive.is_some() {
        lines.push("adaptive".to_owned());
    }
    match section.charge {
        Charge::All => {}
        Charge::Failures => lines.push("failures count".to_owned()),
        Charge::Successes => lines.push("successes count".to_owned()),
    }
    if !section.max_wait.is_zero() {
        let (queue, wait) = (section.max_queue, duration(section.max_wait));
        lines.push(format!("{queue} may wait {wait}"));
    }
    if section.shared {
        lines.push(if section.leases { "over Redis, leased" } else { "over Redis" }.to_owned());
    }
    in_shadow(lines, section.shadow)
}

fn cache(section: &Cache) -> Vec<String> {
    let mut lines = vec![match section.ttl {
        Some(ttl) => format!("{} unless told", duration(ttl)),
        None if section.heuristic => "as told, or guessed".to_owned(),
        None => "as told".to_owned(),
    }];
    if !section.stale_while_revalidate.is_zero() {
        lines.push(format!("stale for {} more", duration(section.stale_while_revalidate)));
    }
    if !section.stale_if_error.is_zero() {
        lines.push(format!("on errors for {}", duration(section.stale_if_error)));
    }
    if !section.vary.is_empty() {
        lines.push(format!("by {}", list(&section.vary)));
    }
    if section.key.is_some() {
        lines.push(per(section.key.as_ref()));
    }
    lines.push(format!("up to {}", bytes(section.max_object_bytes)));
    lines
}

fn coalesce(section: &Coalesce) -> Vec<String> {
    vec![format!("up to {}", bytes(section.max_body_bytes))]
}

fn concurrency(section: &Concurrency) -> Vec<String> {
    let mut lines = vec![match limit(section.limit) {
        (limit, None) => limit,
        (algorithm, Some((min, _, max))) => format!("{algorithm}, {min} to {max}"),
    }];
    let wait = duration(section.max_wait);
    match section.max_queue {
        Some(0) => {}
        Some(most) => lines.push(format!("{most} may wait {wait}")),
        None => lines.push(format!("others wait {wait}")),
    }
    if section.key.is_some() {
        lines.push(per(section.key.as_ref()));
    }
    in_shadow(lines, section.shadow)
}

fn circuit_breaker(section: &CircuitBreaker) -> Vec<String> {
    let (share, window) = (percent(section.failure_share), window(section.window));
    let mut lines = vec![format!("{share} failed of {window}")];
    if let Some(slow) = section.slow {
        lines.push(format!("{} over {}", percent(slow.share), duration(slow.from)));
    }
    let (first, longest) = (duration(section.open_for), duration(section.open_at_most));
    lines.push(format!("open {first} to {longest}"));
    if section.key.is_some() {
        lines.push(per(section.key.as_ref()));
    }
    in_shadow(lines, section.shadow)
}

/// For whom it counts.
fn per(whom: Option<&Key>) -> String {
    match whom {
        None | Some(Key::Global) => "for all together".to_owned(),
        Some(whom) => format!("per {}", key(whom)),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1_000.0).round() / 10.0)
}

fn in_shadow(mut lines: Vec<String>, shadow: bool) -> Vec<String> {
    if shadow {
        lines.push("only counts (shadow)".to_owned());
    }
    lines
}
