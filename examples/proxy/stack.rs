//! What stands between the clients and the upstream.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use tower::{Service, ServiceBuilder};
use tower_weir::error::BoxError;

use crate::{args::Args, upstream::Upstream};

/// The layers, outermost first.
pub(crate) fn stack(
    args: &Args,
) -> impl Service<
    Request<Incoming>,
    Response = Response<BoxBody<Bytes, BoxError>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let upstream = Upstream::new(args.upstream.clone(), args.timeout, args.log());
    ServiceBuilder::new().service_fn(move |request| upstream.clone().answer(request))
}
