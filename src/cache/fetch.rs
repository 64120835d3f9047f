use std::{pin::Pin, sync::Arc};

use bytes::{Buf, Bytes};
use http::{Method, Request, Response, StatusCode, response::Parts};
use http_body::Body;
use tokio::{runtime::Handle, time::timeout};
use tower_service::Service;

use super::{
    CacheBody, Entry,
    count::Outcome,
    fetched::Fetched,
    keeper::{Called, Errand, Given, Judged, Keeper, Kept},
    rules::{CacheStatus, Forward, revalidate, selects},
};
use crate::{
    error::BoxError,
    flight::{Detached, Follower, Joined, Landing, Leader, Turn},
    recording::{Ending, Recording, pump},
    reject::{Reason, Rejection},
};

/// How often a request looks for a flight to share before it goes alone.
const TRIES: usize = 3;

type Leads = Leader<u128, Fetched>;

/// Gets the answer to an errand: from a call that is under way, or by one for all who come meanwhile.
///
/// # Cancel safety
///
/// A call that it leads goes on without it, and what comes of it is stored.
pub(super) async fn fetch<S, Q, B>(
    keeper: Arc<Keeper>,
    inner: S,
    request: Request<Q>,
    errand: Box<Errand>,
) -> Result<Response<CacheBody<B>>, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    Q: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let mut flight = errand.flight;
    for _ in 0..TRIES {
        let turn = match keeper.flights().join(flight) {
            Joined::Leads(leader) => {
                return Detached::new(Box::pin(lead(
                    keeper, inner, request, errand, leader, false,
                )))
                .await;
            }
            Joined::Follows(follower) => follow(&keeper, follower).await,
            Joined::Landed(fetched) => Some(Turn::Landed(fetched)),
        };
        match turn {
            Some(Turn::Leads(leader)) => {
                return Detached::new(Box::pin(lead(keeper, inner, request, errand, leader, true)))
                    .await;
            }
            Some(Turn::Landed(fetched)) => match keeper.share(&errand, &fetched) {
                Shared::Answer(response) => return Ok(response),
                Shared::Elsewhere(other) => flight = other,
                Shared::Nothing => break,
            },
            None => break,
        }
    }
    alone(&keeper, inner, request, &errand).await
}

/// Waits for a flight, but not for ever.
async fn follow(
    keeper: &Keeper,
    mut follower: Follower<u128, Fetched>,
) -> Option<Turn<u128, Fetched>> {
    if Handle::try_current().is_err() {
        return Some(follower.await);
    }
    let turn = timeout(keeper.settings().max_wait, &mut follower).await;
    if turn.is_err() {
        // Whoever comes from now on is not to wait for it too.
        follower.write_off();
    }
    turn.ok()
}

/// Asks the service for one client only.
async fn alone<S, Q, B>(
    keeper: &Keeper,
    mut inner: S,
    request: Request<Q>,
    errand: &Errand,
) -> Result<Response<CacheBody<B>>, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    errand.count(Outcome::Miss);
    let mut response = inner.call(request).await?.map(CacheBody::inner);
    keeper.pass_tags(response.headers_mut());
    keeper.tell(&mut response, CacheStatus::forward(errand.forward));
    Ok(response)
}

/// What a request can make of what another's call came to.
enum Shared<B> {
    Answer(Response<CacheBody<B>>),
    /// It is another variant, or was purged since it was asked for: there may be a flight for the right one.
    Elsewhere(u128),
    Nothing,
}

impl Keeper {
    fn share<B>(&self, errand: &Errand, fetched: &Fetched) -> Shared<B> {
        let status = CacheStatus::forward(errand.forward).collapsed();
        let (entry, recording) = match fetched {
            Fetched::Along(entry, recording) => (entry, Some(recording)),
            Fetched::Kept(entry) | Fetched::Stale(entry) => (entry, None),
            Fetched::Nothing => return Shared::Nothing,
            Fetched::Failed => {
                errand.count(Outcome::Collapsed);
                let rejection = Rejection::new(Reason::CallFailed).response(&errand.head());
                let mut response = rejection.map(CacheBody::full);
                self.tell(&mut response, status);
                return Shared::Answer(response);
            }
        };
        if !entry.selection.matches(&errand.headers) {
            return errand.flight_beside(entry).map_or(Shared::Nothing, Shared::Elsewhere);
        }
        if !self.suits(entry, errand.personal) {
            return Shared::Nothing;
        }
        let purges = &self.store().shared().purges;
        if purges.concerns(entry) {
            return Shared::Elsewhere(errand.flight_after(purges.epoch()));
        }
        let reader = recording.map(|recording| recording.reader());
        let given = Given::because(entry, self.now(), status);
        let response = match reader {
            Some(None) => return Shared::Nothing,
            Some(Some(reader)) => self.give_along(errand, &given, reader),
            None => self.give_to(errand, &given),
        };
        errand.count(Outcome::Collapsed);
        Shared::Answer(response)
    }
}

/// Asks the service for all who want the same.
///
/// `promoted` tells that a call for this flight has failed already.
pub(super) async fn lead<S, Q, B>(
    keeper: Arc<Keeper>,
    mut inner: S,
    mut request: Request<Q>,
    #[cfg_attr(
        not(feature = "redis"),
        allow(unused_mut, reason = "only a second tier adds to it")
    )]
    mut errand: Box<Errand>,
    leader: Leads,
    promoted: bool,
) -> Result<Response<CacheBody<B>>, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    // Another may have stored it between the look and the lead.
    if let Some(entry) = keeper.stored_since(&errand) {
        errand.count(Outcome::Hit);
        let response = keeper.give_to(&errand, &Given::hit(&entry, keeper.now()));
        drop(leader.land(Fetched::Kept(entry)));
        return Ok(response);
    }
    #[cfg(feature = "redis")]
    if let Some(tier) = &keeper.shared().tier
        && let Some((entry, outcome)) = Box::pin(keeper.recall(tier, &mut errand)).await
    {
        return Ok(recalled(&keeper, &errand, entry, outcome, leader));
    }
    let asks = keeper.prepare(&errand, request.headers_mut());
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    let begun = keeper.begin(&errand);
    let answer = inner.call(request).await;
    let called = keeper.end(begun);

    let failed = answer.as_ref().map_or(true, |response| fails(response.status()));
    if failed
        && errand.if_error
        && let Some(stale) = &errand.stale
    {
        errand.count(Outcome::Stale);
        let status = CacheStatus::forward(Forward::Stale);
        let status =
            answer.as_ref().map_or(status, |response| status.forward_status(response.status()));
        let given = Given::because(stale, keeper.now(), status.detail("stale-if-error"));
        let response = keeper.give_to(&errand, &given);
        drop(leader.land(Fetched::Stale(Arc::clone(stale))));
        return Ok(response);
    }
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            errand.count(Outcome::Miss);
            if promoted {
                drop(leader.land(Fetched::Failed));
            }
            return Err(error);
        }
    };
    if response.status() == StatusCode::NOT_MODIFIED
        && asks
        && let Some(stale) = &errand.stale
    {
        return Ok(confirmed(&keeper, &errand, stale, &response.into_parts().0, called, leader));
    }
    errand.count(Outcome::Miss);
    Ok(receive(&keeper, errand, response, called, leader))
}

/// The second tier has it.
#[cfg(feature = "redis")]
fn recalled<B>(
    keeper: &Keeper,
    errand: &Errand,
    entry: Arc<Entry>,
    outcome: Outcome,
    leader: Leads,
) -> Response<CacheBody<B>> {
    errand.count(outcome);
    let now = keeper.now();
    let ttl = entry.freshness.ttl(entry.resident(now));
    let status = CacheStatus::hit().ttl(ttl).detail("second-tier");
    let response = keeper.give_to(errand, &Given::because(&entry, now, status));
    drop(leader.land(match outcome {
        Outcome::Stale => Fetched::Stale(entry),
        _ => Fetched::Kept(entry),
    }));
    response
}

/// Statuses for which RFC 5861 section 4 lets a stale response be given instead.
fn fails(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

impl Keeper {
    /// Makes a request one whose answer is good for all. Whether it asks if what is stored is still good.
    fn prepare(&self, errand: &Errand, headers: &mut http::HeaderMap) -> bool {
        // To a condition in a request of another method that does not hold the answer is an error (RFC 9110 section 13.1.2).
        let is_get = errand.method == Method::GET || errand.method == Method::HEAD;
        if errand.part {
            return false;
        }
        match &errand.stale {
            Some(stale) if is_get => revalidate(headers, &stale.headers),
            _ => revalidate(headers, &http::HeaderMap::new()),
        }
    }
}

/// The service says that what is stored is still good.
fn confirmed<B>(
    keeper: &Keeper,
    errand: &Errand,
    stale: &Arc<Entry>,
    answer: &Parts,
    called: Called,
    leader: Leads,
) -> Response<CacheBody<B>> {
    let status = CacheStatus::forward(errand.forward).forward_status(StatusCode::NOT_MODIFIED);
    errand.count(Outcome::Revalidated);
    let updated = selects(&stale.headers, &answer.headers)
        .then(|| keeper.updated(errand, stale, &answer.headers, called))
        .flatten();
    let Some(updated) = updated else {
        // Good for this once: by these fields it is not to be stored any longer; or they are of another version than the one
        // that the service was asked about, as from servers that compress and change tags then, and nothing can be learned from
        // them (RFC 9111 section 4.3.4).
        keeper.forget(errand, stale);
        let response = keeper.give_to(errand, &Given::because(stale, keeper.now(), status));
        drop(leader.land(Fetched::Nothing));
        return response;
    };
    let entry = Arc::new(updated);
    let stored = keeper.commit(errand, &entry);
    let status = if stored { status.stored() } else { status };
    let response = keeper.give_to(errand, &Given::because(&entry, keeper.now(), status));
    drop(leader.land(Fetched::Kept(entry)));
    response
}

/// The service has answered.
fn receive<B>(
    keeper: &Arc<Keeper>,
    errand: Box<Errand>,
    response: Response<B>,
    called: Called,
    leader: Leads,
) -> Response<CacheBody<B>>
where
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = response.into_parts();
    let runtime = Handle::try_current();
    let judged = match runtime {
        Ok(_) => keeper.judge(&errand, &parts, body.size_hint().exact(), called),
        // Nobody could receive the body for others.
        Err(_) => Judged::Refused { why: "no-runtime", lasting: false },
    };
    let status = CacheStatus::forward(errand.forward);
    let (kept, is_stored) = match judged {
        Judged::Kept(kept) => (kept, true),
        Judged::Shared(kept) => (kept, false),
        Judged::Refused { why, lasting } => {
            keeper.refuse(&errand, why, lasting);
            drop(leader.land(Fetched::Nothing));
            keeper.pass_tags(&mut parts.headers);
            let mut response = Response::from_parts(parts, CacheBody::inner(body));
            keeper.tell(&mut response, status.detail(why));
            return response;
        }
    };
    let Kept { entry, length } = kept;
    let recording = Recording::new(length);
    let reader = recording.reader();
    let landing = leader.land(Fetched::Along(Arc::clone(&entry), Arc::clone(&recording)));
    let limit = keeper.settings().max_object_bytes;
    let status = if is_stored { status.stored() } else { status };
    let is_known = keeper.is_known(&errand.method, &errand.headers, &entry);
    let given = Given::because(&entry, called.received, status);
    let answered = is_known.then(|| keeper.give_not_modified(&given));
    keeper.pass_tags(&mut parts.headers);
    let filled = fill(Arc::clone(keeper), errand, Arc::clone(&entry), landing, is_stored);
    let mut pump: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(pump(recording, Box::pin(body), limit, filled));
    // Most bodies are there already, and then nothing needs to be spawned.
    let waker = std::task::Waker::noop();
    let pending = pump.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending();
    if let (true, Ok(runtime)) = (pending, runtime) {
        runtime.spawn(pump);
    }
    if let Some(response) = answered {
        return response;
    }
    let body = reader.map_or_else(CacheBody::default, CacheBody::along);
    let mut response = Response::from_parts(parts, body);
    keeper.tell(&mut response, status);
    response
}

/// What is done with all of a body, once it is there.
fn fill(
    keeper: Arc<Keeper>,
    errand: Box<Errand>,
    entry: Arc<Entry>,
    landing: Landing<u128, Fetched>,
    is_stored: bool,
) -> impl FnOnce(Ending) + Send {
    move |ending| {
        if is_stored {
            keeper.commit_ending(&errand, &entry, ending);
        }
        drop(landing);
    }
}
