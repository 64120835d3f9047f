//! Requests in every state they can be in, and what must hold of them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use tower::{Layer, Service};
use tower_weir::{
    body::ResponseBody,
    concurrency::{ConcurrencyLimit, ConcurrencyLimitLayer, Held, Limiter},
};

use crate::{
    CLASS, KEY,
    inner::{End, Frames, Inner},
    random::Random,
};

type Answering = <ConcurrencyLimit<Inner> as Service<Request<()>>>::Future;

pub(crate) struct World {
    random: Random,
    layer: ConcurrencyLimitLayer,
    limiter: Limiter,
    inner: Inner,
    services: Vec<ConcurrencyLimit<Inner>>,
    asked: Vec<Asked>,
    answers: Vec<Response<ResponseBody<Frames, Held>>>,
    mode: Mode,
    /// Whether a body counts as under way.
    holds_bodies: bool,
    /// The most that were under way.
    most: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Open,
    Paused,
}

struct Asked {
    future: Pin<Box<Answering>>,
    woken: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const MOST_ASKED: usize = 40;
const MOST_ANSWERS: usize = 20;

impl World {
    pub(crate) fn new(seed: u64, layer: ConcurrencyLimitLayer, holds_bodies: bool) -> Self {
        let limiter = layer.handle().limiters().next().expect("it has one");
        let inner = Inner::default();
        Self {
            random: Random::new(seed),
            services: vec![layer.layer(inner.clone())],
            layer,
            limiter,
            inner,
            asked: Vec::new(),
            answers: Vec::new(),
            mode: Mode::Open,
            holds_bodies,
            most: 0,
        }
    }

    /// Does one thing at random, and looks whether all is well.
    pub(crate) async fn step(&mut self) {
        let before = self.limiter.in_flight();
        match self.random.below(100) {
            0..35 => self.ask(),
            35..60 => self.tell_one(),
            60..66 => drop(self.take_asked()),
            66..80 => self.read_one(),
            80..84 => drop(self.take_answer()),
            84..88 => self.limiter.set_limit(1 + self.random.below(6) as usize).unwrap(),
            88..91 => self.change_mode(),
            91..93 => self.drain(),
            93..96 => {
                let by = Duration::from_millis(self.random.below(150));
                tokio::time::advance(by).await;
            }
            _ => self.clone_services(),
        }
        self.check_growth(before);
        if self.random.below(2) == 0 {
            self.settle();
            self.check_exactly();
        }
    }

    /// Gives everything up, after which nothing is left.
    pub(crate) async fn end(mut self) {
        self.limiter.resume();
        self.asked.clear();
        self.answers.clear();
        self.services.clear();
        assert_eq!((self.limiter.in_flight(), self.limiter.waiting()), (0, 0));
        assert!(self.most > 2, "the steps led nowhere: {} at most", self.most);
    }

    fn ask(&mut self) {
        if self.asked.len() == MOST_ASKED {
            return;
        }
        let classes = ["critical", "default", "sheddable", "none such"];
        let request = Request::builder()
            .header(KEY, self.random.below(4).to_string())
            .header(CLASS, self.random.of(&classes));
        let at = self.random.below(self.services.len() as u64) as usize;
        let service = &mut self.services[at];
        let future = Box::pin(service.call(request.body(()).unwrap()));
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        self.asked.push(Asked { future, woken });
        // Some are polled only later, or never.
        if self.random.below(4) > 0 {
            self.poll(self.asked.len() - 1);
        }
    }

    /// Tells one that is under way how it ends.
    fn tell_one(&mut self) {
        let mut pending = self.inner.0.pending.borrow_mut();
        if pending.is_empty() {
            return;
        }
        let at = self.random.below(pending.len() as u64) as usize;
        let state = pending.values_mut().nth(at).expect("there are as many");
        state.end = Some(match self.random.below(10) {
            0 => End::Error,
            1 => End::Panic,
            frames => End::Answer((frames % 4) as u8),
        });
        let waker = state.waker.take();
        drop(pending);
        waker.into_iter().for_each(Waker::wake);
    }

    fn read_one(&mut self) {
        if self.answers.is_empty() {
            return;
        }
        let at = self.random.below(self.answers.len() as u64) as usize;
        let body = Pin::new(self.answers[at].body_mut());
        let frame = body.poll_frame(&mut Context::from_waker(Waker::noop()));
        if matches!(frame, Poll::Ready(None)) {
            self.answers.swap_remove(at);
        }
    }

    fn change_mode(&mut self) {
        if self.mode == Mode::Paused || self.random.below(2) == 0 {
            self.limiter.resume();
            self.mode = Mode::Open;
        } else {
            self.limiter.pause();
            self.mode = Mode::Paused;
        }
    }

    fn drain(&mut self) {
        let mut drain = self.limiter.drain();
        assert_eq!(self.limiter.waiting(), 0, "all who waited were told");
        let drained = Pin::new(&mut drain).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(drained.is_ready(), self.limiter.in_flight() == 0);
        self.limiter.resume();
        self.mode = Mode::Open;
    }

    fn clone_services(&mut self) {
        if self.services.len() > 3 {
            let at = self.random.below(self.services.len() as u64) as usize;
            self.services.swap_remove(at);
        } else if self.random.below(2) == 0 {
            self.services.push(self.layer.clone().layer(self.inner.clone()));
        } else {
            self.services.push(self.services[0].clone());
        }
    }

    fn take_asked(&mut self) -> Option<Asked> {
        let at = self.random.below(self.asked.len().max(1) as u64) as usize;
        (!self.asked.is_empty()).then(|| self.asked.swap_remove(at))
    }

    fn take_answer(&mut self) -> Option<Response<ResponseBody<Frames, Held>>> {
        let at = self.random.below(self.answers.len().max(1) as u64) as usize;
        (!self.answers.is_empty()).then(|| self.answers.swap_remove(at))
    }

    fn poll(&mut self, at: usize) {
        let Asked { future, woken } = &mut self.asked[at];
        woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(woken));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            future.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        match polled {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(result)) => {
                self.asked.swap_remove(at);
                self.answers.extend(result);
                if self.answers.len() > MOST_ANSWERS {
                    drop(self.take_answer());
                }
            }
            Err(_) => drop(self.asked.swap_remove(at)),
        }
    }

    /// Polls whoever was woken until nobody is.
    fn settle(&mut self) {
        let woken = |asked: &Asked| asked.woken.0.load(Ordering::Relaxed);
        while let Some(at) = self.asked.iter().position(woken) {
            self.poll(at);
        }
    }

    /// None is let in above the limit, and none while the limiter is paused.
    fn check_growth(&mut self, before: usize) {
        let in_flight = self.limiter.in_flight();
        self.most = self.most.max(in_flight);
        if self.limiter.keys().is_none() {
            assert!(in_flight <= before.max(self.limiter.limit()), "{before} -> {in_flight}");
        }
        if self.mode == Mode::Paused {
            assert!(in_flight <= before, "{before} -> {in_flight} while paused");
        }
    }

    /// Nobody is on the way between states now, so that every permit is seen.
    fn check_exactly(&mut self) {
        let bodies = if self.holds_bodies { self.inner.0.open_bodies.get() } else { 0 };
        let inside = self.inner.0.pending.borrow().len();
        assert_eq!(self.limiter.in_flight(), inside + bodies, "{inside} inside, {bodies} bodies");
        assert_eq!(self.limiter.waiting(), self.asked.len() - inside);
        if self.mode == Mode::Open && self.limiter.waiting() > 0 && self.limiter.keys().is_none() {
            assert!(self.limiter.in_flight() >= self.limiter.limit(), "someone waits for nothing");
        }
    }
}
