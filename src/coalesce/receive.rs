use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use bytes::{Buf, Bytes};
use http::{Response, response::Parts};
use http_body::Body;
use tokio::runtime::Handle;

use super::{
    CoalesceBody,
    begun::{Begun, Coming},
    call::Asked,
    desk::{Desk, InFlight},
    flight::{Answer, FlightKey, Flown, Given, Leads},
    judge::{Refusal, Selection, judge},
};
use crate::{
    clock::Timestamp,
    error::BoxError,
    head::Head,
    recording::{Ending, Recording, pump},
};

/// A response as the service gave it, and what others may have of it.
pub(super) struct Judged<B> {
    head: Parts,
    verdict: Verdict<B>,
    began: Timestamp,
}

enum Verdict<B> {
    ForAll { selection: Selection, body: Begun<B>, announced: Option<u64>, runtime: Handle },
    ForOne { why: Refusal, body: B },
}

/// The response to a call that was made for all who want the same.
pub(super) struct Received<B> {
    pub(super) response: Response<CoalesceBody<B>>,
    /// `None` if it is only for whose request was sent.
    pub(super) selection: Option<Selection>,
}

impl Desk {
    /// The service has answered: decides for whom that is, and begins to receive the body if it is for all.
    pub(super) fn judge<B>(&self, asked: &Asked, response: Response<B>) -> Judged<B>
    where
        B: Body,
        B::Data: Buf,
        B::Error: Into<BoxError>,
    {
        let (head, body) = response.into_parts();
        let verdict = match self.is_for_all(asked, &head, &body) {
            Ok((selection, runtime)) => {
                let announced = body.size_hint().exact();
                let body = Begun::of(body, self.settings.max_body_bytes);
                Verdict::ForAll { selection, body, announced, runtime }
            }
            Err(why) => Verdict::ForOne { why, body },
        };
        Judged { head, verdict, began: asked.began }
    }

    fn is_for_all<B: Body>(
        &self,
        asked: &Asked,
        response: &Parts,
        body: &B,
    ) -> Result<(Selection, Handle), Refusal> {
        let runtime = Handle::try_current().map_err(|_| Refusal::NoRuntime)?;
        let selection = judge(&asked.fields, response)?;
        if body.size_hint().lower() > self.settings.max_body_bytes {
            return Err(Refusal::TooLarge);
        }
        let allows = match (&self.settings.share_if, &asked.head) {
            (None, _) => true,
            (Some(share_if), Some(request)) => {
                share_if(&Head::of(request), &Response::from_parts(response.clone(), ()))
            }
            (Some(_), None) => false,
        };
        if allows { Ok((selection, runtime)) } else { Err(Refusal::Operator) }
    }

    /// Lands with a response.
    pub(super) fn land<B>(
        self: &Arc<Self>,
        key: FlightKey,
        leader: Leads,
        in_flight: Option<InFlight>,
        judged: Judged<B>,
    ) -> Received<B>
    where
        B: Body + Send + 'static,
        B::Data: Buf + From<Bytes>,
        B::Error: Into<BoxError>,
    {
        let Judged { head, verdict, began } = judged;
        let (selection, body) = match verdict {
            Verdict::ForOne { why, body } => {
                tracing::debug!(coalesce = &*self.settings.name, why = why.as_str(), "not shared");
                if why.lasts(head.status) {
                    self.mark(key);
                }
                drop(leader.land(Flown::Refused));
                (None, CoalesceBody::inner(body))
            }
            Verdict::ForAll { selection, body, announced, runtime } => {
                let answer = |given| {
                    let head = Response::from_parts(head.clone(), ());
                    let selection = selection.clone();
                    Flown::Given(Arc::new(Answer { head, given, selection, began }))
                };
                let body = match body {
                    Begun::Whole(whole) => {
                        drop(leader.land_for_followers(|| answer(Given::Whole(whole.clone()))));
                        CoalesceBody::whole(whole)
                    }
                    Begun::Coming(body) => {
                        let recording = Recording::for_readers(announced);
                        let reader = recording.reader();
                        let given = Given::Coming(Arc::clone(&recording));
                        let landing = leader.land(answer(given));
                        let (desk, status) = (Arc::clone(self), head.status);
                        let over = move |ending| {
                            // Those who read such a body wait for the slowest of them: no more than a few are to do so at once.
                            if ending == Ending::TooLarge && Refusal::TooLarge.lasts(status) {
                                desk.mark(key);
                            }
                            drop((landing, in_flight));
                        };
                        self.spread(recording, body, over, &runtime);
                        reader.map_or_else(CoalesceBody::default, CoalesceBody::along)
                    }
                };
                (Some(selection), body)
            }
        };
        Received { response: Response::from_parts(head, body), selection }
    }

    /// Gives a body to all who read it. Others may join until it has come to its end or is too large, when `over` is told.
    fn spread<B>(
        &self,
        recording: Arc<Recording>,
        body: Pin<Box<Coming<B>>>,
        over: impl FnOnce(Ending) + Send + 'static,
        runtime: &Handle,
    ) where
        B: Body + Send + 'static,
        B::Data: Buf,
        B::Error: Into<BoxError>,
    {
        let limit = self.settings.max_body_bytes;
        let pump = pump(recording, body, limit, over);
        let mut pump: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(pump);
        // Much of what comes in pieces is there already too, and then nothing needs to be spawned.
        if pump.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            runtime.spawn(pump);
        }
    }
}
