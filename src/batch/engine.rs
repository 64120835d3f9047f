use std::{
    hash::Hash,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::runtime::Handle;
use tower_service::Service;

use super::{
    BatchError, BatchStats, Partition, Refusal,
    contained::contained,
    meters::Meters,
    port::{Outcome, Port, Steering, Ticket},
    queue::{Bounds, Entry, Flush, Queue, Rouse},
    runner::{self, Looks},
    settings::Settings,
};
use crate::{
    clock::Timestamp,
    error::BoxError,
    key::KeySeed,
    sync::{Mutex, MutexGuard},
    telemetry::Resolved,
};

/// What waits, and the service that it waits for.
pub(super) struct Engine<S, Req, P: Partition<Req>, Res, E> {
    /// Cloned for each call.
    service: Mutex<S>,
    queue: Mutex<Queue<Req, Outcome<Res, E>, P::Key>>,
    pub(super) settings: Settings<Req>,
    pub(super) partition: P,
    /// Copies the answer to an item for others that are the same; `None` if there are no such.
    pub(super) copier: Option<Copier<Res, E>>,
    seed: KeySeed,
    meters: Resolved<Meters>,
    /// How a runner is spawned: a pointer, as whoever rouses one knows nothing of the service.
    spawn: fn(Arc<Self>, &Handle),
}

pub(super) type Copier<Res, E> = fn(&Result<Res, E>) -> Result<Res, E>;

impl<S, Req, P, Res, E> Engine<S, Req, P, Res, E>
where
    S: Service<P::Batch, Response = Vec<Result<Res, E>>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    P: Partition<Req>,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    pub(super) fn new(
        service: S,
        settings: Settings<Req>,
        partition: P,
        copier: Option<Copier<Res, E>>,
    ) -> Arc<Self> {
        let bounds = Bounds {
            max_size: settings.max_size,
            max_weight: settings.max_weight(),
            max_in_flight: settings.max_in_flight,
            max_waiting: settings.max_waiting(),
            max_partitions: settings.max_partitions,
        };
        Arc::new(Self {
            service: Mutex::new(service),
            queue: Mutex::new(Queue::new(bounds, (settings.linger)())),
            settings,
            partition,
            copier,
            seed: KeySeed::random(),
            meters: Resolved::default(),
            spawn: |engine, runtime| drop(runtime.spawn(runner::run(Looks::new(engine)))),
        })
    }

    /// A service of its own for one call.
    pub(super) fn service(&self) -> S {
        // If cloning panicked, nothing has changed.
        self.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S, Req, P: Partition<Req>, Res, E> Engine<S, Req, P, Res, E> {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue<Req, Outcome<Res, E>, P::Key>> {
        // What may panic under this lock is the comparison of keys, before anything changes.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn meters(&self) -> &Meters {
        self.meters.get_or_resolve(|| Meters::resolve(&self.settings.name))
    }

    /// Does what has to be done so that a batch that may leave is seen.
    pub(super) fn rouse(self: &Arc<Self>, rouse: Rouse) {
        if !self.try_rouse(rouse) {
            self.orphan();
        }
    }

    /// As [`rouse`](Self::rouse), if that is possible: otherwise the queue counts on a runner that is not there.
    fn try_rouse(self: &Arc<Self>, rouse: Rouse) -> bool {
        match rouse {
            Rouse::Nothing => {}
            Rouse::Wake(waker) => waker.wake(),
            Rouse::Spawn => match Handle::try_current() {
                Ok(runtime) => (self.spawn)(Arc::clone(self), &runtime),
                Err(_) => return false,
            },
        }
        true
    }

    /// There is no runner where there should be one: whoever waits and is polled within a runtime spawns it.
    pub(super) fn orphan(&self) {
        let wakers = self.queue().lose_looker();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Refuses what was taken in, as nobody here can spawn the runner that the queue counts on: so nobody has sent it either.
    fn turn_away(&self, waiter: usize) -> Refusal {
        let left = self.queue().turn_away(waiter);
        let meters = self.meters();
        meters.waiting.decrement(1.0);
        meters.refused(Refusal::NoRuntime).increment(1);
        left.wakers.iter().for_each(Waker::wake_by_ref);
        Refusal::NoRuntime
    }

    fn entry(&self, request: Req, now: Timestamp) -> Entry<Req, P::Key> {
        let Settings { weight, same, deadline, .. } = &self.settings;
        Entry {
            key: self.partition.key(&request),
            weight: weight.as_ref().map_or(0, |weight| (weight.of)(&request)),
            same: same.as_ref().map(|same| same(&request, &self.seed)),
            deadline: deadline.as_ref().and_then(|deadline| deadline(&request, now)),
            request,
        }
    }
}

impl<S, Req, P, Res, E> Port<Req, Res, E> for Engine<S, Req, P, Res, E>
where
    S: Send,
    P: Partition<Req>,
    P::Key: Clone + Eq + Hash + Send,
    Req: Send,
    Res: Send,
    E: Send,
{
    fn enter(self: Arc<Self>, item: Req, cx: &mut Context<'_>) -> Result<Ticket, Refusal> {
        let now = self.settings.clock.now();
        let entry = self.entry(item, now);
        let (entered, remains) = self.queue().enter(entry, now, cx.waker().clone());
        // It is taken in, or not, whatever the user's code does now.
        drop(contained(|| drop(remains)));
        let meters = self.meters();
        match entered {
            Ok((waiter, rouse)) => {
                meters.waiting.increment(1.0);
                if self.try_rouse(rouse) {
                    return Ok(Ticket(waiter));
                }
                Err(self.turn_away(waiter))
            }
            Err(refusal) => {
                meters.refused(refusal).increment(1);
                Err(refusal)
            }
        }
    }

    fn poll(self: Arc<Self>, ticket: Ticket, cx: &mut Context<'_>) -> Poll<Outcome<Res, E>> {
        let (answer, rouse, before) = self.queue().poll(ticket.0, cx.waker());
        drop(before);
        if self.try_rouse(rouse) {
            return answer;
        }
        Poll::Ready(Err(BatchError::Refused(self.turn_away(ticket.0))))
    }

    fn leave(&self, ticket: Ticket) {
        let left = self.queue().leave(ticket.0);
        if left.was_queued {
            self.meters().waiting.decrement(1.0);
            self.meters().abandoned.increment(1);
        }
        left.wakers.iter().for_each(Waker::wake_by_ref);
    }

    fn window(&self) -> usize {
        let Settings { max_size, max_in_flight, .. } = self.settings;
        max_size.saturating_mul(max_in_flight.saturating_add(1)).min(self.settings.max_waiting())
    }
}

impl<S, Req, P, Res, E> Steering for Engine<S, Req, P, Res, E>
where
    S: Send,
    P: Partition<Req>,
    Req: Send,
    Res: Send,
    E: Send,
{
    fn flush(self: Arc<Self>) {
        let rouse = self.queue().flush(Flush::Linger, self.settings.clock.now());
        self.rouse(rouse);
    }

    fn close(self: Arc<Self>) {
        let rouse = self.queue().flush(Flush::Shutdown, self.settings.clock.now());
        self.rouse(rouse);
    }

    fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.queue().poll_idle(cx.waker())
    }

    fn stats(&self) -> BatchStats {
        let queue = self.queue();
        BatchStats::new(queue.waiting(), queue.running(), queue.counts())
    }
}
