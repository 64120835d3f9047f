use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::service::Live;

#[derive(Clone)]
pub(crate) enum Step {
    /// Is not there yet, but soon.
    Pause,
    /// Is not there before the gate opens.
    Wait(Gate),
    Data(Bytes),
    Trailers(HeaderMap),
    Error,
    Panic,
}

pub(crate) fn data(text: impl Into<String>) -> Step {
    Step::Data(Bytes::from(text.into()))
}

/// Closed at first.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        std::mem::take(&mut gate.1).into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut gate = self.0.lock().unwrap();
        if gate.0 {
            return Poll::Ready(());
        }
        gate.1.push(cx.waker().clone());
        Poll::Pending
    }
}

/// A body that goes step by step.
pub(crate) struct Steps {
    pub(super) steps: VecDeque<Step>,
    pub(super) length: Option<u64>,
    /// Until its last step.
    pub(super) live: Option<Live>,
}

impl Steps {
    pub(crate) fn of(steps: impl Into<VecDeque<Step>>) -> Self {
        Self { steps: steps.into(), length: None, live: None }
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if let Some(Step::Wait(gate)) = self.steps.front()
            && gate.poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let frame = match self.steps.pop_front() {
            None => None,
            Some(Step::Pause) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Wait(_)) => return self.poll_frame(cx),
            Some(Step::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Error) => Some(Err("torn")),
            Some(Step::Panic) => panic!("as the play has it"),
        };
        if self.steps.is_empty() {
            self.live = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.steps.len())
    }
}
