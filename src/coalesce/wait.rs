use std::sync::Arc;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tokio::{runtime::Handle, time::timeout};
use tower_service::Service;

use super::{
    CoalesceBody,
    desk::Desk,
    flight::{FlightKey, Flown, Flying, Follows, Given, Turned},
    future::Waiting,
    lead::Lead,
    meters::Outcome,
    receive::Received,
};
use crate::{
    error::BoxError,
    flight::{Joined, Turn},
    head::Head,
    reject::{Reason, Rejection},
};

/// How often a request looks for a call to share before it goes alone.
const TRIES: usize = 3;

/// Waits for the answer to another's call, and makes one if there is none to be had.
///
/// # Cancel safety
///
/// If it has come to lead by then, dropping it leaves the call to the next.
pub(super) fn wait<S, Q, B>(
    desk: Arc<Desk>,
    mut inner: S,
    request: Request<Q>,
    key: FlightKey,
    mut joined: Flying,
) -> Waiting<B, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    Q: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes> + Send,
    B::Error: Into<BoxError>,
{
    // A block: a function that is async would keep each of its arguments twice.
    Box::pin(async move {
        for _ in 0..TRIES {
            let turn = match joined {
                Joined::Leads(leader) => Some(Turn::Leads(leader)),
                Joined::Landed(flown) => Some(Turn::Landed(flown)),
                Joined::Follows(follower) => follow(&desk, follower).await,
            };
            match turn {
                Some(Turn::Leads(leader)) => match Lead::<S::Future>::go_on(&desk, key, leader) {
                    Ok(call) => {
                        // It was made for another: the answer may be for that one only.
                        let Received { response, selection } = call.await?;
                        if selection.is_some_and(|selection| selection.matches(request.headers())) {
                            desk.count(Outcome::Shared);
                            return Ok(response);
                        }
                        break;
                    }
                    Err((leader, has_failed)) => {
                        let call = Lead::begin(&desk, key, leader, has_failed, &mut inner, request);
                        return Ok(call.await?.response);
                    }
                },
                Some(Turn::Landed(flown)) => match desk.share(&Head::of(&request), &flown) {
                    Shared::Answer(response) => return Ok(response),
                    Shared::Gone => joined = desk.join(key),
                    Shared::Nothing => break,
                },
                None => break,
            }
        }
        desk.count(Outcome::Alone);
        Ok(inner.call(request).await?.map(CoalesceBody::inner))
    })
}

/// Waits for a flight, but not for ever.
async fn follow(desk: &Desk, mut follower: Follows) -> Option<Turned> {
    let _waits = desk.meters().wait();
    if Handle::try_current().is_err() {
        return Some(follower.await);
    }
    let turn = timeout(desk.settings.max_wait, &mut follower).await;
    if turn.is_err() {
        // Whoever comes from now on is not to wait for it too.
        follower.write_off();
    }
    turn.ok()
}

/// What a request can make of what another's call came to.
enum Shared<B> {
    Answer(Response<CoalesceBody<B>>),
    /// It broke off before it could be read: there may be another.
    Gone,
    Nothing,
}

impl Desk {
    fn share<B>(&self, head: &Head<'_>, flown: &Flown) -> Shared<B> {
        let response = match flown {
            Flown::Refused => return Shared::Nothing,
            Flown::Failed => {
                Rejection::new(Reason::CallFailed).response(head).map(CoalesceBody::full)
            }
            Flown::Given(answer) if !answer.selection.matches(head.headers) => {
                return Shared::Nothing;
            }
            Flown::Given(answer) => {
                let body = match &answer.given {
                    Given::Whole(whole) => CoalesceBody::whole(whole.clone()),
                    Given::Coming(recording) => match recording.reader() {
                        Some(reader) => CoalesceBody::along(reader),
                        None if recording.has_overflowed() => return Shared::Nothing,
                        None => return Shared::Gone,
                    },
                };
                answer.head.clone().map(|()| body)
            }
        };
        self.count(Outcome::Shared);
        Shared::Answer(response)
    }
}
