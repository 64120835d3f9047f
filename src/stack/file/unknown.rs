//! What was meant by a key that there is not.

use super::{Entry, Origin, Problem, values::similar};
use crate::stack::settings::Section;

/// Keys of each table that may be looked for in another. `""` is the top of the file.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    ("", &["preset", "watch", "defaults", "route", "trusted_proxies", "stores", "redis"]),
    ("route", &["path", "methods", "name"]),
    ("profile", &["server_timing", "exemplar_ids"]),
    (
        "rate_limit",
        &[
            "policies",
            "adaptive",
            "charge",
            "headers",
            "exempt",
            "deny",
            "retry_jitter",
            "shared",
            "on_outage",
            "leases",
        ],
    ),
    (
        "cache",
        &[
            "ttl",
            "stale_while_revalidate",
            "stale_if_error",
            "heuristic",
            "set_cookie",
            "authorization",
            "client_directives",
            "max_object_bytes",
            "max_variants",
            "early_refresh",
            "cache_status",
            "compress",
        ],
    ),
    ("coalesce", &["max_body_bytes"]),
    ("concurrency", &["limit", "min", "initial", "max", "max_keys", "hold_until", "retry_after"]),
    (
        "circuit_breaker",
        &[
            "window",
            "minimum",
            "failure_share",
            "slow_from",
            "slow_share",
            "open_for",
            "open_at_most",
            "required_probes",
            "probes",
        ],
    ),
    ("trusted_proxies", &["cidrs", "field"]),
    ("stores", &["rate_limit_keys"]),
    ("redis", &["url", "prefix", "timeout", "connect_timeout"]),
];

/// What others call it. The first is what it is called here.
const SYNONYMS: &[(&str, &[&str])] = &[
    // Tables.
    ("route", &["routes", "location", "locations", "endpoint", "endpoints"]),
    ("defaults", &["default", "global", "base"]),
    ("trusted_proxies", &["proxies", "trusted_proxy", "real_ip", "forwarded"]),
    ("stores", &["store", "storage", "memory"]),
    ("preset", &["presets", "profile", "mode", "environment"]),
    ("watch", &["reload", "hot_reload", "poll"]),
    ("rate_limit", &["ratelimit", "rate", "rates", "limits", "limit", "limit_req", "throttle"]),
    ("cache", &["caching", "proxy_cache", "response_cache"]),
    ("coalesce", &["coalescing", "singleflight", "single_flight", "dedupe", "collapse"]),
    ("concurrency", &["concurrency_limit", "bulkhead", "limit_conn", "load_shed", "in_flight"]),
    ("circuit_breaker", &["breaker", "circuit", "outlier_detection"]),
    ("profile", &["profiling", "metrics", "latency"]),
    // Of routes.
    ("path", &["uri", "url", "pattern", "match", "prefix", "path_prefix"]),
    ("methods", &["method", "verb", "verbs"]),
    ("name", &["id", "label", "title"]),
    // Of sections.
    (
        "policies",
        &["policy", "limits", "limit", "quota", "quotas", "rate", "rates", "rules", "burst"],
    ),
    ("key", &["by", "per", "key_by", "key_extractor", "bucket_key"]),
    ("on_missing_key", &["missing_key", "on_missing"]),
    ("exempt", &["allow", "allowlist", "allow_list", "whitelist", "bypass"]),
    ("deny", &["block", "blocklist", "block_list", "blacklist", "ban"]),
    ("charge", &["count", "cost"]),
    ("shadow", &["dry_run", "report_only", "log_only"]),
    ("shared", &["distributed", "redis", "cluster"]),
    ("retry_jitter", &["jitter"]),
    ("max_wait", &["timeout", "wait", "queue_timeout", "wait_timeout", "delay"]),
    ("max_queue", &["queue", "queue_size", "queue_len", "max_pending", "nodelay"]),
    ("ttl", &["max_age", "expires", "expire", "default_ttl", "valid", "time_to_live"]),
    ("stale_while_revalidate", &["swr"]),
    ("stale_if_error", &["sie", "use_stale"]),
    ("vary", &["vary_by", "vary_on", "headers"]),
    ("max_object_bytes", &["max_size", "max_object_size", "max_body_size", "max_body_bytes"]),
    ("max_body_bytes", &["max_size", "max_body_size", "max_object_bytes"]),
    ("limit", &["max_concurrent", "max_in_flight", "max_requests", "permits", "in_flight"]),
    (
        "failure_share",
        &["failure_rate", "error_rate", "failure_ratio", "threshold", "failure_threshold"],
    ),
    ("slow_from", &["slow_call_duration", "slow_threshold"]),
    ("slow_share", &["slow_rate", "slow_call_rate"]),
    (
        "open_for",
        &["reset_timeout", "cooldown", "cool_down", "sleep_window", "break_for", "timeout"],
    ),
    ("minimum", &["min_requests", "minimum_calls", "volume_threshold", "min_calls"]),
    ("probes", &["half_open", "half_open_calls"]),
    ("server_timing", &["server_timings"]),
    // Of the rest.
    ("cidrs", &["cidr", "networks", "network", "ips", "addresses", "proxies", "from"]),
    ("field", &["header"]),
    ("rate_limit_keys", &["keys", "max_keys"]),
    ("url", &["uri", "urls", "host", "address", "addr", "server", "servers", "nodes"]),
    ("prefix", &["key_prefix", "namespace"]),
];

/// `entry` is none of the keys that are `known` in `table`.
pub(super) fn key(table: &str, entry: &Entry, known: &[&'static str]) -> Problem {
    let written = &*entry.key;
    let problem = match &*entry.place.origin {
        Origin::Variable { name, .. } => {
            Problem::error(&entry.place, format!("`{name}` sets nothing: there is no `{written}`"))
        }
        _ => Problem::error(&entry.place, format!("unknown key `{written}`")),
    };
    let instead = |meant: &str| match &*entry.place.origin {
        Origin::Variable { .. } => meant.to_uppercase(),
        _ => meant.to_owned(),
    };
    if let Some(meant) = synonym(written, known) {
        let help = match written {
            "burst" => "a burst is written with its rate: \"100/minute; burst=50\"".to_owned(),
            _ => format!("it is called `{meant}` here"),
        };
        let problem = problem.help(help);
        return match written {
            "burst" => problem.label("part of a policy"),
            _ => problem.label("called otherwise here").replace_by(instead(meant)),
        };
    }
    if let Some(place) = elsewhere(table, written) {
        return problem.label("not here").help(place);
    }
    let all = known.join(", ");
    match similar(written, known.iter().copied()) {
        Some(meant) => problem
            .label(format!("did you mean `{meant}`?"))
            .help(format!("a similar one is known: `{meant}`"))
            .replace_by(instead(meant)),
        None => problem.label("not known here").help(format!("known here: {all}")),
    }
}

fn synonym(written: &str, known: &[&'static str]) -> Option<&'static str> {
    let written = written.to_lowercase().replace('-', "_");
    let means = |meant: &str| {
        let words = SYNONYMS.iter().filter(|(word, _)| *word == meant);
        words.into_iter().any(|(_, others)| others.contains(&&*written))
    };
    known.iter().copied().find(|known| means(known))
}

/// Where a key that is not known in `table` belongs.
fn elsewhere(table: &str, written: &str) -> Option<String> {
    if Section::ALL.iter().any(|section| section.name() == written) {
        return Some(format!(
            "`{written}` is a section of its own, of [defaults] or of a [[route]]"
        ));
    }
    let (home, _) = KEYS.iter().find(|(home, keys)| *home != table && keys.contains(&written))?;
    Some(match *home {
        "" => format!("`{written}` stands at the top of the file, above the first [table]"),
        "route" => format!("`{written}` belongs to a [[route]]"),
        "trusted_proxies" | "stores" | "redis" => format!("`{written}` belongs to [{home}]"),
        section => format!("`{written}` belongs to `{section}`"),
    })
}
