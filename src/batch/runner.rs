//! What makes the calls: gets the service ready, waits for a batch that may leave, sends it, gives the answers out, and so on
//! until nothing waits.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::{
    Cause, Partition,
    call::Call,
    contained::contain,
    engine::Engine,
    queue::{Look, Taken},
};
use crate::{clock::Timestamp, error::BoxError};

/// Waits shorter than this count as none: tokio's timers know whole milliseconds.
const RESOLUTION: Duration = Duration::from_micros(500);

/// What a batch fails with that cannot wait: there is no other way to ask a runtime than to let it panic.
const NO_TIMERS: &str = "batches wait by tokio's timers, and this runtime has none: build it with `enable_time` or `enable_all`";

/// The runner's part until nothing waits, or another does it.
pub(super) async fn run<S, Req, P, Res, E>(mut looks: Looks<S, Req, P, Res, E>)
where
    S: Service<P::Batch, Response = Vec<Result<Res, E>>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    P: Partition<Req>,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    let engine = Arc::clone(&looks.engine);
    loop {
        let found = contain(async {
            let mut service = engine.service();
            let ready = poll_fn(|cx| match service.poll_ready(cx) {
                Poll::Pending if engine.queue().waits_for_readiness(cx.waker()) => Poll::Pending,
                Poll::Pending => Poll::Ready(Ok(false)),
                Poll::Ready(ready) => Poll::Ready(ready.map(|()| true)),
            });
            if !ready.await.map_err(|error| Cause::Error(error.into()))? {
                return Ok((service, None));
            }
            let next = contain(next(&engine)).await.map_err(|_| Cause::Error(NO_TIMERS.into()))?;
            Ok((service, next))
        });
        let (service, taken) = match found.await.and_then(|found| found) {
            Ok((service, taken)) => (Ok(service), taken),
            // Somebody has to be told.
            Err(cause) => (Err(cause), engine.queue().take_first(engine.settings.clock.now())),
        };
        looks.is_looking = false;
        let Some(taken) = taken else { return };
        let Taken { number, key, requests, waiters, weight, lingered, at, flush, rouse } = taken;
        engine.rouse(rouse);
        let call = Call::begin(&engine, number, waiters, at);
        let meters = engine.meters();
        meters.flushed(flush).increment(1);
        meters.size.record(requests.len() as f64);
        if engine.settings.weight.is_some() {
            meters.weight.record(weight as f64);
        }
        meters.linger.record(lingered);
        let called = contain(async {
            // They are dropped in here, as that is the user's as well.
            let (service, key, requests) = (service, key, requests);
            let mut service = service?;
            let batch = engine.partition.batch(key?, requests);
            service.call(batch).await.map_err(|error| Cause::Error(error.into()))
        });
        looks.is_looking = call.end(called.await.and_then(|called| called));
        if !looks.is_looking {
            return;
        }
    }
}

/// The next batch that may leave; `None` if nothing waits.
async fn next<S, Req, P: Partition<Req>, Res, E>(
    engine: &Engine<S, Req, P, Res, E>,
) -> Option<Taken<Req, P::Key>> {
    let clock = &engine.settings.clock;
    let mut timer = pin!(None);
    // What a timer has waited for has come, if not by the clock of the layer yet.
    let (mut until, mut waited_until) = (Timestamp::default(), Timestamp::default());
    let mut has_yielded = false;
    poll_fn(|cx| {
        loop {
            if is_over(timer.as_mut(), cx) {
                waited_until = until;
            }
            let now = clock.now();
            let mut queue = engine.queue();
            if !has_yielded && !queue.is_first_full() {
                drop(queue);
                // Tasks that can go on may bring more items, and it costs little to let them.
                has_yielded = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let horizon = now.saturating_add(RESOLUTION).max(waited_until);
            match queue.look(now, horizon, cx.waker()) {
                Look::Send(taken) => return Poll::Ready(Some(taken)),
                Look::End => return Poll::Ready(None),
                Look::Wait(next) => until = next,
            }
            drop(queue);
            timer.set(Some(sleep(until.saturating_since(now))));
            if !is_over(timer.as_mut(), cx) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Whether there is a timer whose time has come.
fn is_over(timer: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>) -> bool {
    timer.as_pin_mut().is_some_and(|timer| timer.poll(cx).is_ready())
}

/// Held by a runner, from before it is spawned. Dropped while that looks, as when the runtime ends, it leaves the looking to
/// others; there may be another runtime.
pub(super) struct Looks<S, Req, P: Partition<Req>, Res, E> {
    engine: Arc<Engine<S, Req, P, Res, E>>,
    is_looking: bool,
}

impl<S, Req, P: Partition<Req>, Res, E> Looks<S, Req, P, Res, E> {
    pub(super) fn new(engine: Arc<Engine<S, Req, P, Res, E>>) -> Self {
        Self { engine, is_looking: true }
    }
}

impl<S, Req, P: Partition<Req>, Res, E> Drop for Looks<S, Req, P, Res, E> {
    fn drop(&mut self) {
        if self.is_looking {
            self.engine.orphan();
        }
    }
}
