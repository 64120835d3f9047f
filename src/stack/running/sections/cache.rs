use std::{hash::Hash, num::NonZeroUsize};

use siphasher::sip128::{Hasher128, SipHasher13};

#[cfg(feature = "compression")]
use crate::cache::Compression;
use crate::{
    cache::{
        CacheLayer, MemoryStore,
        rules::{AuthorizedResponses, CookieResponses, Grace, Heuristic, RequestDirectives},
    },
    error::ConfigError,
    stack::{
        running::{building::Building, key::is_forwarded},
        settings::{Authorization, Cache, ClientDirectives, Cookies, TrustedProxies},
    },
};

/// All of them have one store and one name, so that a purge reaches whatever was stored for any route.
pub(in crate::stack::running) fn cache(
    cache: &Cache,
    store: &MemoryStore,
    at: &Building<'_>,
) -> Result<CacheLayer, ConfigError> {
    let mut fingerprint = super::coalesce::fingerprint(&cache.query, &cache.vary, &cache.disregard);
    if let Some(key) = &cache.key {
        fingerprint = fingerprint.key(at.key(key)?);
    }
    let grace =
        Grace { while_revalidating: cache.stale_while_revalidate, if_error: cache.stale_if_error };
    let cookies = match cache.set_cookie {
        Cookies::Refuse => CookieResponses::Refuse,
        Cookies::Share => CookieResponses::ShareCookies,
    };
    let authorized = match cache.authorization {
        Authorization::IfDeclaredShareable => AuthorizedResponses::IfDeclaredShareable,
        Authorization::SharePrivateDataWithEveryone => {
            AuthorizedResponses::SharePrivateDataWithEveryone
        }
    };
    let directives = match cache.client_directives {
        ClientDirectives::Honour => RequestDirectives::Honour,
        ClientDirectives::Ignore => RequestDirectives::Ignore,
    };
    let variants = NonZeroUsize::new(cache.max_variants).unwrap_or(NonZeroUsize::MIN);
    let mut layer = CacheLayer::new(store.clone())
        .terms(terms(cache, &at.settings.trusted_proxies))
        .names(at.names.clone())
        .fingerprint(fingerprint)
        .grace(grace)
        .set_cookie(cookies)
        .authorization(authorized)
        .request_directives(directives)
        .max_object_bytes(cache.max_object_bytes)
        .max_variants(variants)
        .pass_for(cache.pass_for)
        .max_wait(cache.max_wait)
        .cache_status(cache.cache_status)
        .clock(at.parts.clock.clone());
    if let Some(ttl) = cache.ttl {
        layer = layer.default_ttl(ttl);
    }
    if cache.heuristic {
        layer = layer.heuristic(Heuristic::default());
    }
    if cache.early_refresh > 0.0 {
        layer = layer.early_refresh(cache.early_refresh)?;
    }
    #[cfg(feature = "compression")]
    if cache.compress {
        layer = layer.compress(Compression::gzip());
    }
    Ok(layer)
}

/// What decides whom a response may be given to. Where it differs, so do those who may have what is stored: another user, who is
/// told apart only now, or whoever is without a cookie that no longer may be shared. So they find nothing of each other's.
fn terms(cache: &Cache, proxies: &TrustedProxies) -> u128 {
    let Cache { vary, disregard, query, key, set_cookie, authorization, .. } = cache;
    let proxies = key.as_ref().is_some_and(is_forwarded).then_some(proxies);
    // The same in each process of this build, as some keep what they store in one place.
    let mut terms = SipHasher13::new();
    (vary, disregard, query, key, proxies, set_cookie, authorization).hash(&mut terms);
    terms.finish128().as_u128()
}
