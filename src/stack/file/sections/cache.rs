use crate::stack::{
    file::{
        Fields, Node, Problems,
        sections::query::query,
        values::{boolean, bytes, duration, fraction, header_name, key, list_of, number, word},
    },
    settings::{Authorization, Cache, ClientDirectives, Cookies, Key},
};

const SET_COOKIE: [(&str, Cookies); 2] = [("refuse", Cookies::Refuse), ("share", Cookies::Share)];
const AUTHORIZATION: [(&str, Authorization); 2] = [
    ("if_declared_shareable", Authorization::IfDeclaredShareable),
    ("share_private_data_with_everyone", Authorization::SharePrivateDataWithEveryone),
];
const CLIENT_DIRECTIVES: [(&str, ClientDirectives); 2] =
    [("ignore", ClientDirectives::Ignore), ("honour", ClientDirectives::Honour)];

/// `cache`
pub(in crate::stack::file) fn cache(node: &Node, problems: &mut Problems) -> Option<Cache> {
    let mut fields = Fields::of(node, "cache", problems)?;
    let ttl = fields.take("ttl", duration).filter(|ttl| !ttl.is_zero());
    let mut cache = Cache { ttl, ..Cache::default() };
    fields.set(&mut cache.stale_while_revalidate, "stale_while_revalidate", duration);
    fields.set(&mut cache.stale_if_error, "stale_if_error", duration);
    fields.set(&mut cache.vary, "vary", list_of(header_name));
    fields.set(&mut cache.disregard, "disregard", list_of(header_name));
    fields.set(&mut cache.query, "query", query);
    cache.key = fields.take("key", key).filter(|key| *key != Key::Global);
    fields.set(&mut cache.heuristic, "heuristic", boolean);
    fields.set(&mut cache.set_cookie, "set_cookie", word(&SET_COOKIE));
    fields.set(&mut cache.authorization, "authorization", word(&AUTHORIZATION));
    fields.set(&mut cache.client_directives, "client_directives", word(&CLIENT_DIRECTIVES));
    fields.set(&mut cache.max_object_bytes, "max_object_bytes", bytes);
    fields.set(&mut cache.max_variants, "max_variants", number(1..=usize::MAX));
    fields.set(&mut cache.pass_for, "pass_for", duration);
    fields.set(&mut cache.max_wait, "max_wait", duration);
    fields.set(&mut cache.early_refresh, "early_refresh", fraction(0.0..=f64::MAX));
    fields.set(&mut cache.cache_status, "cache_status", boolean);
    compress(&mut fields, &mut cache);
    fields.finish();
    Some(cache)
}

#[cfg(feature = "compression")]
fn compress(fields: &mut Fields<'_>, cache: &mut Cache) {
    fields.set(&mut cache.compress, "compress", boolean);
}

#[cfg(not(feature = "compression"))]
fn compress(fields: &mut Fields<'_>, _: &mut Cache) {
    if fields.take("compress", boolean) == Some(true)
        && let Some(node) = fields.node("compress")
    {
        let message = "this program cannot compress responses";
        let problem = crate::stack::file::Problem::error(&node.place, message);
        let help = "leave it out, or build tower-weir with its feature `compression`";
        fields.problems().add(problem.label("not built in").help(help));
    }
}
