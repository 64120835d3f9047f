use std::{future::poll_fn, pin::pin, sync::Arc};

use bytes::Buf;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::told::Told;
use crate::{cache::keeper::Keeper, error::BoxError, reject::grpc_code};

/// Makes a request, and receives all of its answer.
pub(super) async fn call<S, Q, B>(
    keeper: Arc<Keeper>,
    mut service: S,
    request: Request<Q>,
) -> Result<Told, BoxError>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    let response = service.call(request).await.map_err(Into::into)?;
    let (head, body) = response.into_parts();
    let told = Told::by(&keeper.settings().name, &head.headers);

    let (mut body, mut length, mut code) = (pin!(body), 0, grpc_code(&head.headers));
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(Into::into)?;
        length += frame.data_ref().map_or(0, |data| data.remaining() as u64);
        code = frame.trailers_ref().and_then(grpc_code).or(code);
    }
    if let Some(code) = code.filter(|code| *code != 0) {
        return Err(format!("the call failed with the gRPC status {code}").into());
    }
    let status = head.status;
    if status.is_server_error() || (status.is_client_error() && told == Told::Other) {
        return Err(format!("the service answered {status}").into());
    }
    // It was meant to be stored as long as it was not known how large it is.
    let is_too_large = length > keeper.settings().max_object_bytes;
    Ok(if is_too_large { Told::Other } else { told })
}
