//! `[redis]`, and what needs it.

#[cfg(feature = "redis")]
use super::Value;
use super::{Node, Origin, Problem, Problems, merged::Merged};
use crate::stack::settings::Settings;

/// Reads it, if the program can use it.
#[cfg(feature = "redis")]
pub(super) fn read(
    node: Option<&Node>,
    settings: &mut Settings,
    merged: &Merged,
    problems: &mut Problems,
) {
    match node {
        Some(node) => {
            settings.redis = section(node, problems);
            let is_used =
                node.get("cache").is_some_and(|cache| cache.value == Value::Boolean(true))
                    || shared(merged).next().is_some();
            let is_right = settings.redis.as_ref().is_some_and(|redis| !redis.urls.is_empty());
            if is_right && !is_used && matches!(*node.place.origin, Origin::File { .. }) {
                let problem = Problem::warning(&node.place, "nothing uses Redis");
                let help = "rate limits do with shared = true, the cache with redis.cache = true";
                problems.add(problem.help(help));
            }
        }
        None => {
            for shared in shared(merged) {
                let message = "a limit that is shared needs Redis";
                let problem = Problem::error(&shared.place, message).label("there is no [redis]");
                let help = "add [redis] with url = \"redis://host:6379\", or set WEIR_REDIS_URL";
                problems.add(problem.help(help));
            }
        }
    }
}

#[cfg(feature = "redis")]
fn section(node: &Node, problems: &mut Problems) -> Option<crate::stack::settings::Redis> {
    use std::time::Duration;

    use super::{
        Fields,
        values::{at_least, boolean, text},
    };

    let duration = at_least(Duration::from_millis(1));
    let mut fields = Fields::of(node, "redis", problems)?;
    let urls = fields.value("url", Vec::new(), urls);
    let redis = crate::stack::settings::Redis {
        prefix: fields.take("prefix", text),
        timeout: fields.take("timeout", &duration),
        connect_timeout: fields.take("connect_timeout", &duration),
        cache: fields.take("cache", boolean).unwrap_or_default(),
        urls: urls.clone().unwrap_or_default(),
    };
    if urls.is_some_and(|urls| urls.is_empty()) {
        let problem =
            Problem::error(fields.place(), "where Redis is, is missing").label("no `url`");
        let help = "url = \"redis://host:6379\", or the variable WEIR_REDIS_URL";
        fields.problems().add(problem.help(help));
    }
    fields.finish();
    Some(redis)
}

/// One for a server, several for a cluster. A password in the file is an error: files are copied and committed.
#[cfg(feature = "redis")]
fn urls(node: &Node, problems: &mut Problems) -> Option<Vec<String>> {
    use super::{
        secrets,
        values::{list_of, text},
    };

    let url = |node: &Node, problems: &mut Problems| {
        let url = text(node, problems)?;
        let is_variable = matches!(*node.place.origin, Origin::Variable { .. });
        if !is_variable && secrets::has_password(&url) {
            let problem = Problem::error(&node.place, "a password is in this file")
                .label("secrets come by environment variables only");
            let help = "leave `url` out, and set WEIR_REDIS_URL to all of it";
            problems.add(problem.help(help));
            return None;
        }
        let known =
            ["redis://", "rediss://", "redis+unix://", "unix://", "valkey://", "valkeys://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            let problem = Problem::error(&node.place, "this is not a URL of Redis")
                .label("expected `redis://host:port`");
            problems
                .add(problem.help("rediss:// for TLS; several URLs are the nodes of a cluster"));
            return None;
        }
        Some(url)
    };
    match node.value {
        Value::Array(_) => list_of(url)(node, problems),
        _ => url(node, problems).map(|url| vec![url]),
    }
}

/// Says that the program cannot use it.
#[cfg(not(feature = "redis"))]
pub(super) fn read(node: Option<&Node>, _: &mut Settings, _: &Merged, problems: &mut Problems) {
    let Some(node) = node else { return };
    let message = "this program cannot use Redis";
    let problem = match *node.place.origin {
        // It may be set for others too.
        Origin::Variable { .. } => Problem::warning(&node.place, message),
        _ => Problem::error(&node.place, message),
    };
    problems.add(problem.help("leave it out, or build tower-weir with its feature `redis`"));
}

/// Values of `shared` that ask for Redis.
#[cfg(feature = "redis")]
fn shared(merged: &Merged) -> impl Iterator<Item = &Node> {
    let shared = merged.all().filter_map(|scope| scope.get("rate_limit")?.get("shared"));
    shared.filter(|shared| shared.value == Value::Boolean(true))
}
