//! The top of the file.

use std::time::Duration;

use ipnet::IpNet;

use super::{
    Fields, Node, Problem, Problems, Source, Value, checks,
    merged::Merged,
    redis, routes, scopes,
    values::{at_least, bytes, list_of, network, number, word},
};
use crate::stack::settings::{ProxyField, Settings, Stores, TrustedProxies};

const FIELD: [(&str, ProxyField); 2] =
    [("x-forwarded-for", ProxyField::XForwardedFor), ("forwarded", ProxyField::Forwarded)];

/// All that the merged tree of file, preset and variables says.
pub(super) fn settings(
    tree: &Node,
    source: &Source,
    problems: &mut Problems,
) -> (Settings, Merged) {
    let mut settings = Settings::default();
    let empty = Node { value: Value::Table(Vec::new()), place: tree.place.clone() };
    let mut merged = Merged { defaults: empty.clone(), routes: Vec::new() };
    let Some(mut fields) = Fields::of(tree, "", problems) else { return (settings, merged) };
    // It has been read.
    fields.node("preset");
    fields.set(&mut settings.watch, "watch", watch);
    for table in ["defaults", "route", "redis"] {
        fields.node(table);
    }
    fields.set(&mut settings.trusted_proxies, "trusted_proxies", trusted_proxies);
    fields.set(&mut settings.stores, "stores", stores);
    fields.finish();
    let defaults = tree.get("defaults");
    if let Some(defaults) = defaults {
        let routes = tree.get("route").map_or(&[][..], Node::items);
        settings.defaults = scopes::defaults(defaults, routes, problems);
    }
    let inherited = scopes::inheritable(defaults.unwrap_or(&empty));
    if let Some(node) = tree.get("route") {
        let read = routes::all(node, &inherited, problems);
        (settings.routes, merged.routes) = read.into_iter().unzip();
    }
    merged.defaults = inherited;
    redis::read(tree.get("redis"), &mut settings, &merged, problems);
    checks::keys(tree, &merged, &source.keys, problems);
    (settings, merged)
}

/// `"250ms"`, or `false`.
fn watch(node: &Node, problems: &mut Problems) -> Option<Option<Duration>> {
    match node.value {
        Value::Boolean(false) => Some(None),
        Value::Boolean(true) => Some(Some(Settings::WATCH)),
        _ => at_least(Duration::from_millis(10))(node, problems).map(Some),
    }
}

fn trusted_proxies(node: &Node, problems: &mut Problems) -> Option<TrustedProxies> {
    if let Value::Array(_) = node.value {
        let problem = Problem::error(&node.place, "`trusted_proxies` is a list, not a table");
        let problem = problem.label("expected a table").help("the list needs its key");
        problems.add(problem.replace_by(format!("{{ cidrs = {} }}", node.place.text())));
        return None;
    }
    let mut proxies = TrustedProxies::default();
    let mut fields = Fields::of(node, "trusted_proxies", problems)?;
    fields.set(&mut proxies.cidrs, "cidrs", list_of(network));
    fields.set(&mut proxies.field, "field", word(&FIELD));
    match fields.node("cidrs") {
        None => {
            let problem = Problem::error(fields.place(), "nobody is trusted: `cidrs` is missing");
            fields.problems().add(problem.help("such as cidrs = [\"10.0.0.0/8\"]"));
        }
        Some(cidrs) => {
            let everybody = |network: &IpNet| network.prefix_len() == 0;
            if proxies.cidrs.iter().any(everybody) {
                let message = "everybody is trusted: a client may name any address as its own";
                let problem = Problem::warning(&cidrs.place, message).label("all addresses");
                let help = "name the networks of the proxies in front, and no others";
                fields.problems().add(problem.help(help));
            }
        }
    }
    fields.finish();
    Some(proxies)
}

fn stores(node: &Node, problems: &mut Problems) -> Option<Stores> {
    let mut stores = Stores::default();
    let mut fields = Fields::of(node, "stores", problems)?;
    fields.set(&mut stores.cache_bytes, "cache", bytes);
    fields.set(&mut stores.rate_limit_keys, "rate_limit_keys", number(1..=usize::MAX));
    fields.finish();
    Some(stores)
}
