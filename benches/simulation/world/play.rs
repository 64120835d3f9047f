use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use tower::Service;
use tower_weir::clock::ManualClock;

use super::{Backend, Client, SECOND, Trace, World, pool::Ticket, traffic::Traffic};

/// How often servers come and go, and what steers looks.
const TICK: u64 = SECOND / 10;

/// Watches how requests fare, and may steer what guards the service.
pub(crate) trait Steer {
    /// A request was admitted.
    fn admitted(&mut self) {}

    /// It has its answer, or its client has left.
    fn outcome(&mut self, _: Answer) {}

    /// A tenth of a second is over.
    fn tick(&mut self, _now: u64) {}

    /// What the trace is to show.
    fn multiplier(&self) -> f64;
}

/// How a request fared.
pub(crate) struct Answer {
    pub(crate) started: u64,
    pub(crate) good: bool,
}

/// What is going on.
struct Play<'a, S: Service<Request<()>>> {
    world: &'a World,
    service: S,
    backend: Backend,
    steer: &'a mut dyn Steer,
    trace: Trace,
    now: u64,
    /// In the order in which they came, so the first is the first whose client leaves.
    pending: VecDeque<Pending<S::Future>>,
    /// How many have left `pending`.
    gone: usize,
}

struct Pending<F> {
    started: u64,
    client: usize,
    /// `None` once it is answered.
    future: Option<Pin<Box<F>>>,
}

/// Lets the world take its course. Time passes on the manual clock, and in steps for the timers of tokio, which must be paused.
pub(crate) async fn play<S, B>(
    world: &World,
    seed: u64,
    service: S,
    backend: Backend,
    hand: &ManualClock,
    steer: &mut dyn Steer,
) -> Trace
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut traffic = Traffic::new(&world.clients, seed);
    let (trace, pending) = (Trace::new(world), VecDeque::new());
    let mut play = Play { world, service, backend, steer, trace, now: 0, pending, gone: 0 };
    let mut tick = TICK;
    while play.now < world.length * SECOND {
        let (arrives, done, leaves) = (traffic.next_at(), play.backend.next_done(), play.leaves());
        let next = tick.min(arrives).min(done).min(leaves);
        hand.advance(Duration::from_nanos(next - play.now));
        play.backend.advance(next);
        play.now = next;
        if next == tick {
            tokio::time::advance(Duration::from_nanos(TICK)).await;
            play.tick();
            tick += TICK;
        } else if next == done {
            play.finish();
        } else if next == leaves {
            play.leave();
        } else {
            play.arrive(traffic.take());
        }
    }
    while !play.pending.is_empty() {
        play.leave();
    }
    play.trace
}

impl<S, B> Play<'_, S>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    fn arrive(&mut self, client: usize) {
        let mut request = Request::new(());
        request.extensions_mut().insert(Client(client));
        request.extensions_mut().insert(Ticket(self.gone + self.pending.len()));
        let mut context = Context::from_waker(Waker::noop());
        let called = self.backend.called();
        assert!(self.service.poll_ready(&mut context).is_ready(), "a pool is always ready");
        let mut future = Box::pin(self.service.call(request));
        let answer = future.as_mut().poll(&mut context);
        let admitted = self.backend.called() > called;
        self.trace.offered(self.now, client, admitted);
        if admitted {
            self.steer.admitted();
        }
        let future = match answer {
            Poll::Ready(Ok(_)) => {
                if admitted {
                    self.tell(client, self.now, false);
                }
                None
            }
            Poll::Pending => Some(future),
        };
        self.pending.push_back(Pending { started: self.now, client, future });
    }

    /// A server is done.
    fn finish(&mut self) {
        let ticket = self.backend.finish().expect("one is done");
        // Its client may have left.
        let Some(at) = ticket.checked_sub(self.gone) else { return };
        let Pending { started, client, ref mut future } = self.pending[at];
        if let Some(mut future) = future.take() {
            let answer = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok(response)) = answer else { panic!("the server is done") };
            let late = (self.now - started) as f64 > self.world.target * SECOND as f64;
            self.tell(client, started, response.status() == StatusCode::OK && !late);
        }
    }

    fn leaves(&self) -> u64 {
        let patience = (self.world.patience * SECOND as f64) as u64;
        self.pending.front().map_or(u64::MAX, |first| first.started + patience)
    }

    /// The client that has waited longest leaves, unless it was answered.
    fn leave(&mut self) {
        let Some(first) = self.pending.pop_front() else { return };
        self.gone += 1;
        if first.future.is_some() {
            drop(first.future);
            self.tell(first.client, first.started, false);
        }
    }

    fn tell(&mut self, client: usize, started: u64, good: bool) {
        self.trace.answered(started, client, self.now - started, good);
        self.steer.outcome(Answer { started, good });
    }

    fn tick(&mut self) {
        self.backend.set_servers(self.world.servers.at(self.now) as usize);
        self.steer.tick(self.now);
        let second = self.trace.second(self.now - 1);
        second.capacity = self.world.capacity(self.now - 1);
        second.multiplier = self.steer.multiplier();
    }
}
