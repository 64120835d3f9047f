use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::{Failure, Play, Steps};

/// What was seen of the calls.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: AtomicUsize,
    /// Calls and bodies that have not ended.
    pub(crate) live: AtomicUsize,
    /// How many of them there are for each path.
    at_once: Mutex<HashMap<String, usize>>,
    /// The most that there were at once.
    pub(crate) most_at_once: Mutex<HashMap<String, usize>>,
}

/// What each call comes to, by its request and how many calls there were before.
type Script = dyn Fn(&Request<()>, usize) -> Play + Send + Sync;

/// A clone must be readied before it is called, even if the original was.
pub(crate) struct Inner {
    play: Arc<Script>,
    seen: Arc<Seen>,
    ready: bool,
}

impl Inner {
    pub(crate) fn new(
        play: impl Fn(&Request<()>, usize) -> Play + Send + Sync + 'static,
    ) -> (Self, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        (Self { play: Arc::new(play), seen: Arc::clone(&seen), ready: false }, seen)
    }
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self { play: Arc::clone(&self.play), seen: Arc::clone(&self.seen), ready: false }
    }
}

impl<Q> Service<Request<Q>> for Inner {
    type Response = Response<Steps>;
    type Error = Failure;
    type Future = Called;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Q>) -> Called {
        let request = request.map(drop);
        assert!(std::mem::take(&mut self.ready), "called without having been readied");
        let call = self.seen.calls.fetch_add(1, SeqCst);
        let live = Live::new(&self.seen, request.uri().path());
        let mut play = (self.play)(&request, call);
        assert!(!play.panics, "as the play has it");
        let before = Steps::of(std::mem::take(&mut play.before));
        Called { before, play: Some((play, live)) }
    }
}

/// Counts itself as long as it lives.
pub(super) struct Live {
    seen: Arc<Seen>,
    path: String,
}

impl Live {
    fn new(seen: &Arc<Seen>, path: &str) -> Self {
        seen.live.fetch_add(1, SeqCst);
        let mut at_once = seen.at_once.lock().unwrap();
        let now = at_once.entry(path.to_owned()).or_default();
        *now += 1;
        let mut most = seen.most_at_once.lock().unwrap();
        let most = most.entry(path.to_owned()).or_default();
        *most = (*most).max(*now);
        Self { seen: Arc::clone(seen), path: path.to_owned() }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.seen.live.fetch_sub(1, SeqCst);
        *self.seen.at_once.lock().unwrap().get_mut(&self.path).unwrap() -= 1;
    }
}

pub(crate) struct Called {
    before: Steps,
    play: Option<(Play, Live)>,
}

impl Future for Called {
    type Output = Result<Response<Steps>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.before).poll_frame(cx).is_pending() {
            return Poll::Pending;
        }
        let (mut play, live) = self.play.take().expect("polled after it was ready");
        if let Some(decide) = play.decide.take() {
            play = decide(play);
        }
        let Play { answer, length, .. } = play;
        Poll::Ready(answer.map(|answer| {
            answer.map(|steps| Steps { steps: steps.into(), length, live: Some(live) })
        }))
    }
}
