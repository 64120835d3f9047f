//! What stands between the clients and the upstream.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn, util::Either};
use tower_weir::{
    cache::{
        CacheLayer, Fingerprint, MemoryStore,
        rules::{CookieResponses, Grace, Heuristic, RequestDirectives},
    },
    error::BoxError,
};

use super::{
    args::{Args, CacheArgs},
    upstream::Upstream,
};

/// Fields that proxies in front of this one add to every request, and from which services build links. Whatever else the cache
/// takes for such a field makes a request pass it by: all of them go upstream as the client sent them.
const KEYED: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-port")];

/// The layers, outermost first.
pub(crate) fn stack(
    args: &Args,
) -> impl Service<
    Request<Incoming>,
    Response = Response<impl Body<Data = Bytes, Error = BoxError> + Send + use<>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let upstream = Upstream::new(args.upstream.clone(), args.timeout, args.log());
    let upstream = service_fn(move |request| upstream.clone().answer(request));
    match &args.cache {
        Some(args) => Either::Left(
            ServiceBuilder::new()
                .map_response(|response: Response<_>| response.map(http_body_util::Either::Left))
                .layer(cache(args))
                .service(upstream),
        ),
        None => Either::Right(
            upstream.map_response(|response| response.map(http_body_util::Either::Right)),
        ),
    }
}

fn cache(args: &CacheArgs) -> CacheLayer {
    let fingerprint =
        KEYED.into_iter().fold(Fingerprint::builder(), |builder, name| builder.header(name));
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(args.max_bytes))
        .fingerprint(fingerprint)
        .max_object_bytes(args.max_object_bytes)
        .request_directives(if args.honour_requests {
            RequestDirectives::Honour
        } else {
            RequestDirectives::Ignore
        })
        .set_cookie(if args.store_set_cookie {
            CookieResponses::ShareCookies
        } else {
            CookieResponses::Refuse
        })
        .cache_status(args.cache_status);
    let if_error = args.stale_if_error.unwrap_or_default();
    let layer = layer.grace(Grace { if_error, ..Grace::NONE });
    let layer = if args.heuristic { layer.heuristic(Heuristic::new()) } else { layer };
    match args.default_ttl {
        Some(ttl) => layer.default_ttl(ttl),
        None => layer,
    }
}
