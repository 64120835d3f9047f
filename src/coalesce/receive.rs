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
    call::Asked,
    desk::{Desk, InFlight},
    flight::{Answer, FlightKey, Flown, Leads},
    judge::{Refusal, Selection, judge},
};
use crate::{
    error::BoxError,
    head::Head,
    recording::{Ending, Recording, pump},
};

/// The response to a call that was made for all who want the same.
pub(super) struct Received<B> {
    pub(super) response: Response<CoalesceBody<B>>,
    /// `None` if it is only for whose request was sent.
    pub(super) shared: Option<Arc<Answer>>,
}

impl Desk {
    /// The service has answered: lands with its response.
    pub(super) fn receive<B>(
        self: &Arc<Self>,
        key: FlightKey,
        leader: Leads,
        asked: &Asked,
        in_flight: Option<InFlight>,
        response: Response<B>,
    ) -> Received<B>
    where
        B: Body + Send + 'static,
        B::Data: Buf + From<Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = response.into_parts();
        let runtime = Handle::try_current();
        let selection = match &runtime {
            Ok(_) => self.judge(asked, &parts, &body),
            Err(_) => Err(Refusal::NoRuntime),
        };
        let (selection, runtime) = match (selection, runtime) {
            (Ok(selection), Ok(runtime)) => (selection, runtime),
            (selection, _) => {
                let why = selection.err().unwrap_or(Refusal::NoRuntime);
                tracing::debug!(coalesce = &*self.settings.name, why = why.as_str(), "not shared");
                if why.lasts(parts.status) {
                    self.mark(key);
                }
                drop(leader.land(Flown::Refused));
                let response = Response::from_parts(parts, CoalesceBody::inner(body));
                return Received { response, shared: None };
            }
        };
        let recording = Recording::for_readers(body.size_hint().exact());
        let reader = recording.reader();
        let head = Response::from_parts(parts.clone(), ());
        let began = asked.began;
        let answer = Arc::new(Answer { head, recording: Arc::clone(&recording), selection, began });
        let landing = leader.land(Flown::Given(Arc::clone(&answer)));
        let (desk, status) = (Arc::clone(self), parts.status);
        let over = move |ending| {
            // Those who read such a body wait for the slowest of them: no more than a few are to do so at once.
            if ending == Ending::TooLarge && Refusal::TooLarge.lasts(status) {
                desk.mark(key);
            }
            drop((landing, in_flight));
        };
        self.spread(recording, body, over, &runtime);
        let body = reader.map_or_else(CoalesceBody::default, CoalesceBody::along);
        Received { response: Response::from_parts(parts, body), shared: Some(answer) }
    }

    fn judge<B: Body>(
        &self,
        asked: &Asked,
        response: &Parts,
        body: &B,
    ) -> Result<Selection, Refusal> {
        let selection = judge(asked.request.headers(), response)?;
        if body.size_hint().lower() > self.settings.max_body_bytes {
            return Err(Refusal::TooLarge);
        }
        let allows = self.settings.share_if.as_ref().is_none_or(|share_if| {
            share_if(&Head::of(&asked.request), &Response::from_parts(response.clone(), ()))
        });
        if allows { Ok(selection) } else { Err(Refusal::Operator) }
    }

    /// Gives a body to all who read it. Others may join until it has come to its end or is too large, when `over` is told.
    fn spread<B>(
        &self,
        recording: Arc<Recording>,
        body: B,
        over: impl FnOnce(Ending) + Send + 'static,
        runtime: &Handle,
    ) where
        B: Body + Send + 'static,
        B::Data: Buf,
        B::Error: Into<BoxError>,
    {
        let limit = self.settings.max_body_bytes;
        let pump = pump(recording, Box::pin(body), limit, over);
        let mut pump: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(pump);
        // Most bodies are there already, and then nothing needs to be spawned.
        if pump.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            runtime.spawn(pump);
        }
    }
}
