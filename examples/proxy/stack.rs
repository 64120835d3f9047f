//! What stands between the clients and the upstream.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower::{Layer, Service, service_fn};
use tower_weir::{error::BoxError, stack::Weir};

use super::{args::Args, upstream::Upstream};

pub(crate) fn stack(
    args: &Args,
    weir: &Weir,
) -> impl Service<
    Request<Incoming>,
    Response = Response<impl Body<Data = Bytes, Error = BoxError> + Send + use<>>,
    Error = Infallible,
    Future: Send,
>
+ Clone
+ Send
+ 'static
+ use<> {
    let upstream = Arc::new(Upstream::new(args));
    weir.layer().layer(service_fn(move |request| Arc::clone(&upstream).answer(request)))
}
