use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use fastrand::Rng;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tower::Service;

use super::{World, schedule::SECOND, traffic::exponential};

/// Whose a request is: its number.
#[derive(Clone, Copy, Hash)]
pub(crate) struct Client(pub(crate) usize);

/// Which request it is, in the order in which they came.
#[derive(Clone, Copy)]
pub(super) struct Ticket(pub(super) usize);

/// The service inside: servers, and one queue before them. A request whose client has left is served as any other, since the
/// servers do not know.
#[derive(Clone)]
pub(crate) struct Backend(Rc<RefCell<Pool>>);

/// How busy the servers have been, for a signal that asks from a task.
#[derive(Clone, Default)]
pub(crate) struct Usage(Arc<(AtomicU64, AtomicU64)>);

struct Pool {
    now: u64,
    servers: usize,
    service_time: f64,
    room: usize,
    random: Rng,
    /// When each of the requests that are served is done.
    busy: BinaryHeap<Reverse<(u64, usize)>>,
    waiting: VecDeque<usize>,
    /// The request whose answer is there, and whether it is a fault.
    answered: Option<(usize, bool)>,
    faults: f64,
    called: u64,
    usage: Usage,
}

impl Backend {
    pub(crate) fn new(world: &World, seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Pool {
            now: 0,
            servers: world.servers.at(0) as usize,
            service_time: world.service_time,
            room: world.room,
            random: Rng::with_seed(!seed),
            busy: BinaryHeap::new(),
            waiting: VecDeque::new(),
            answered: None,
            faults: world.faults,
            called: 0,
            usage: Usage::default(),
        })))
    }

    pub(crate) fn usage(&self) -> Usage {
        self.0.borrow().usage.clone()
    }

    /// How many calls came through to it.
    pub(super) fn called(&self) -> u64 {
        self.0.borrow().called
    }

    /// When the next request is done.
    pub(super) fn next_done(&self) -> u64 {
        self.0.borrow().busy.peek().map_or(u64::MAX, |Reverse((done, _))| *done)
    }

    /// Time has come so far.
    pub(super) fn advance(&self, now: u64) {
        self.0.borrow_mut().advance(now);
    }

    /// From now on there are so many servers. Those that go finish what they have begun.
    pub(super) fn set_servers(&self, servers: usize) {
        let mut pool = self.0.borrow_mut();
        pool.servers = servers;
        pool.begin();
    }

    /// Ends the request that is done now: its future is ready until the next one is.
    pub(super) fn finish(&self) -> Option<usize> {
        let mut pool = self.0.borrow_mut();
        let Reverse((_, ticket)) = pool.busy.pop()?;
        let fails = pool.faults > 0.0 && pool.random.f64() < pool.faults;
        pool.answered = Some((ticket, fails));
        pool.begin();
        Some(ticket)
    }
}

impl Pool {
    fn advance(&mut self, now: u64) {
        let past = now - self.now;
        self.now = now;
        let Usage(usage) = &self.usage;
        usage.0.fetch_add(past * self.busy.len().min(self.servers) as u64, Ordering::Relaxed);
        usage.1.fetch_add(past * self.servers as u64, Ordering::Relaxed);
    }

    fn begin(&mut self) {
        while self.busy.len() < self.servers
            && let Some(ticket) = self.waiting.pop_front()
        {
            let takes = exponential(&mut self.random) * self.service_time * SECOND as f64;
            self.busy.push(Reverse((self.now + takes as u64, ticket)));
        }
    }
}

impl Usage {
    /// The share of the servers' time that was used since the last call of what this returns.
    pub(crate) fn share(self) -> impl FnMut() -> Option<f64> + Send + 'static {
        let mut before = (0, 0);
        move || {
            let now = (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed));
            let (used, of) = (now.0 - before.0, now.1 - before.1);
            before = now;
            (of > 0).then(|| used as f64 / of as f64)
        }
    }
}

impl<B> Service<Request<B>> for Backend {
    type Response = Response<Empty<&'static [u8]>>;
    type Error = Infallible;
    type Future = Call;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Call {
        let ticket = request.extensions().get().map_or(0, |Ticket(ticket)| *ticket);
        let mut pool = self.0.borrow_mut();
        pool.called += 1;
        let refused = pool.waiting.len() >= pool.room;
        if !refused {
            pool.waiting.push_back(ticket);
            pool.begin();
        }
        Call { pool: Rc::clone(&self.0), ticket, refused }
    }
}

/// A request at the service.
pub(crate) struct Call {
    pool: Rc<RefCell<Pool>>,
    ticket: usize,
    refused: bool,
}

impl Future for Call {
    type Output = Result<Response<Empty<&'static [u8]>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = match self.pool.borrow().answered {
            _ if self.refused => StatusCode::SERVICE_UNAVAILABLE,
            Some((ticket, fails)) if ticket == self.ticket => {
                if fails {
                    StatusCode::INTERNAL_SERVER_ERROR
                } else {
                    StatusCode::OK
                }
            }
            _ => return Poll::Pending,
        };
        Poll::Ready(Ok(response))
    }
}
