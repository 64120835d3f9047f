//! A service that answers when it is told to, and counts what is under way in it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tower::Service;

/// How a request ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// With a body of so many frames.
    Answer(u8),
    Error,
    Panic,
}

#[derive(Default)]
pub(crate) struct Script {
    next: Cell<u64>,
    pub(crate) pending: RefCell<BTreeMap<u64, Pending>>,
    /// Bodies that have not come to their end.
    pub(crate) open_bodies: Rc<Cell<usize>>,
}

#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) end: Option<End>,
    pub(crate) waker: Option<Waker>,
}

#[derive(Clone, Default)]
pub(crate) struct Inner(pub(crate) Rc<Script>);

pub(crate) struct Working {
    id: u64,
    script: Rc<Script>,
}

impl Service<Request<()>> for Inner {
    type Response = Response<Frames>;
    type Error = &'static str;
    type Future = Working;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Working {
        let id = self.0.next.replace(self.0.next.get() + 1);
        self.0.pending.borrow_mut().insert(id, Pending::default());
        Working { id, script: Rc::clone(&self.0) }
    }
}

impl Future for Working {
    type Output = Result<Response<Frames>, &'static str>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut pending = self.script.pending.borrow_mut();
        let state = pending.get_mut(&self.id).expect("it is under way");
        match state.end {
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(End::Answer(frames)) => {
                Poll::Ready(Ok(Response::new(Frames::new(frames, &self.script.open_bodies))))
            }
            Some(End::Error) => Poll::Ready(Err("as told")),
            Some(End::Panic) => {
                drop(pending);
                panic!("as told");
            }
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.script.pending.borrow_mut().remove(&self.id);
    }
}

/// A body of so many frames, the last of which it knows.
pub(crate) struct Frames {
    left: u8,
    open: Rc<Cell<usize>>,
}

impl Frames {
    fn new(left: u8, open: &Rc<Cell<usize>>) -> Self {
        open.set(open.get() + usize::from(left > 0));
        Self { left, open: Rc::clone(open) }
    }

    fn close(&mut self, left: u8) {
        if self.left > 0 && left == 0 {
            self.open.set(self.open.get() - 1);
        }
        self.left = left;
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.close(left);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"frame")))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.close(0);
    }
}
