//! Interim responses (RFC 9110, section 15.2) on their way to a client, such as 103 (Early Hints).
//!
//! hyper's server sends none but 100, so the others go past it, into the stream that it writes to. They must not come between
//! the bytes of other responses. They do not: hyper flushes the stream only when all that it had to say is written, and while a
//! request is under way it has nothing of its response yet.

use std::{
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, BufMut, BytesMut};
use http::{HeaderMap, Request, StatusCode, Version, header::CONTENT_LENGTH};
use hyper::{
    ext::on_informational,
    rt::{Read, ReadBufCursor, Write},
};
use pin_project::pin_project;

use super::{fields, patient::Patient};

/// More is not kept for a client that does not read.
const MOST_WAITING: usize = 64 << 10;

/// The interim responses of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interim(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Counts requests, so that what comes too late for one does not go out with the next.
    request: u64,
    waiting: BytesMut,
    /// Of the connection's task.
    waker: Option<Waker>,
}

impl Interim {
    /// Has those passed on that answer `request`. HTTP/1.0 knows none, and of HTTP/2 hyper does not tell where they would go.
    pub(crate) fn pass<B>(&self, request: &mut Request<B>) {
        if request.version() != Version::HTTP_11 {
            return;
        }
        let number = self.state().request;
        let interim = self.clone();
        on_informational(request, move |response| {
            interim.push(number, response.status(), response.headers().clone());
        });
    }

    /// What `call` comes to, when those that came before are sent.
    pub(crate) async fn before<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let outcome = std::future::poll_fn(|cx| {
            self.state().waker = Some(cx.waker().clone());
            call.as_mut().poll(cx)
        });
        let outcome = outcome.await;
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            if state.waiting.is_empty() {
                state.request += 1;
                state.waker = None;
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        outcome
    }

    fn push(&self, request: u64, status: StatusCode, mut headers: HeaderMap) {
        // The proxy's own server says 100 when it wants the request's body.
        if status == StatusCode::CONTINUE || fields::strip(&mut headers).is_err() {
            return;
        }
        headers.remove(CONTENT_LENGTH);
        fields::add_via(&mut headers, Version::HTTP_11);
        let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in &headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        let mut state = self.state();
        if state.request == request && state.waiting.len() + head.len() <= MOST_WAITING {
            state.waiting.put_slice(&head);
            if let Some(waker) = &state.waker {
                waker.wake_by_ref();
            }
        }
    }

    fn take(&self) -> BytesMut {
        let mut state = self.state();
        if !state.waiting.is_empty()
            && let Some(waker) = &state.waker
        {
            waker.wake_by_ref();
        }
        std::mem::take(&mut state.waiting)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Stream {
    #[pin]
    io: Patient,
    interim: Interim,
    /// To be written before anything else.
    begun: BytesMut,
}

impl Stream {
    pub(crate) fn new(io: Patient, interim: Interim) -> Self {
        Self { io, interim, begun: BytesMut::new() }
    }

    fn poll_begun(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        while !this.begun.is_empty() {
            let written = ready!(this.io.as_mut().poll_write(cx, this.begun))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.begun.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().io.poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_begun(cx))?;
        self.project().io.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_begun(cx))?;
        self.project().io.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_begun(cx))?;
        let this = self.as_mut().project();
        *this.begun = this.interim.take();
        ready!(self.as_mut().poll_begun(cx))?;
        self.project().io.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_shutdown(cx)
    }
}
