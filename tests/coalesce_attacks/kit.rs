//! Whether two requests share a call.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use http::Request;
use tower_weir::coalesce::CoalesceLayer;

use crate::world::*;

/// Whether a request would get the answer to another that is under way.
pub(crate) async fn share(one: Request<()>, other: Request<()>) -> bool {
    share_by(|layer| layer, one, other).await
}

pub(crate) async fn share_by(
    configure: impl FnOnce(CoalesceLayer) -> CoalesceLayer,
    one: Request<()>,
    other: Request<()>,
) -> bool {
    let (world, gate) = World::gated(configure);
    let clients = [world.start(one).await, world.start(other).await];
    let calls = world.calls();
    gate.open();
    for client in clients {
        client.await.unwrap().unwrap();
    }
    world.is_at_rest().await;
    calls == 1
}

/// A GET of `uri` with these fields.
pub(crate) fn asking(uri: &str, fields: &[(&str, &str)]) -> Request<()> {
    let request = Request::get(uri);
    fields
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap()
}

/// Polls a future once, and never wakes it.
pub(crate) fn polled<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
