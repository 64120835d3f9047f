//! Reads a body, as long as it may be and take.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use http_body_util::LengthLimitError;
use pin_project::pin_project;
use tokio::{
    runtime::Handle,
    time::{Sleep, sleep},
};

use crate::error::BoxError;

/// The trailers of a request, if it had any: an extension of the requests that a [batch](super::HttpBatchLayer) is made of.
///
/// They are kept apart from the header fields, as not every field may be taken from there (RFC 9110 section 6.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTrailers(pub HeaderMap);

/// Reads all of a body.
#[pin_project]
pub(super) struct Read<B> {
    #[pin]
    body: B,
    /// How many bytes it may have.
    most: usize,
    read: Pieces,
    trailers: Option<HeaderMap>,
    /// How long it may take, from the first poll on.
    patience: Duration,
    /// Started when there is something to wait for.
    #[pin]
    timer: Option<Sleep>,
}

/// A body as a whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) content: Bytes,
    pub(super) trailers: Option<HeaderMap>,
}

/// Why a body is not known as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    Broken,
    Slow,
}

impl<B> Read<B> {
    /// Of no more than `most` bytes, and no longer than `patience`.
    pub(super) fn new(body: B, most: usize, patience: Duration) -> Self {
        let read = Pieces::default();
        Self { body, most, read, trailers: None, patience, timer: None }
    }
}

impl<B> Future for Read<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Whole, Unread>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Whole, Unread>> {
        if let Poll::Ready(read) = self.as_mut().poll_body(cx) {
            return Poll::Ready(read);
        }
        let mut this = self.project();
        if this.timer.is_none() && Handle::try_current().is_ok() {
            this.timer.set(Some(sleep(*this.patience)));
        }
        match this.timer.as_pin_mut().map(|timer| timer.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(Unread::Slow)),
            _ => Poll::Pending,
        }
    }
}

impl<B> Read<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    fn poll_body(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Whole, Unread>> {
        let mut this = self.project();
        loop {
            let to_come = this.body.size_hint().lower();
            if to_come > (*this.most - this.read.len()) as u64 {
                return Poll::Ready(Err(Unread::TooLarge));
            }
            // Asked first, as a body that has come to its end need not say so at once when it is polled.
            if !this.body.is_end_stream()
                && let Some(frame) = std::task::ready!(this.body.as_mut().poll_frame(cx))
            {
                match frame.map_err(|error| Unread::of(&error.into()))?.into_data() {
                    Ok(data) if data.remaining() > *this.most - this.read.len() => {
                        return Poll::Ready(Err(Unread::TooLarge));
                    }
                    Ok(data) => this.read.append(data, to_come),
                    Err(other) => *this.trailers = other.into_trailers().ok(),
                }
                continue;
            }
            let content = std::mem::take(this.read).join();
            return Poll::Ready(Ok(Whole { content, trailers: this.trailers.take() }));
        }
    }
}

impl Unread {
    /// A limit further out may find that a body is too large while it is read here.
    fn of(error: &BoxError) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&**error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            cause = error.source();
        }
        tracing::debug!(%error, "the body of a request broke off");
        Self::Broken
    }
}

/// What was read: a single piece is not copied, and many are joined at once, as small ones would take far more room than what
/// is in them.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    joined: BytesMut,
}

impl Pieces {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// Adds a piece, before which at least `to_come` bytes were to come.
    fn append(&mut self, mut data: impl Buf, to_come: u64) {
        if self.len() == 0 {
            self.first = data.copy_to_bytes(data.remaining());
            return;
        }
        if self.joined.is_empty() {
            let to_come = usize::try_from(to_come).unwrap_or_default().max(data.remaining());
            self.joined.reserve(self.first.len() + to_come);
            self.joined.put(std::mem::take(&mut self.first));
        }
        self.joined.put(data);
    }

    fn join(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

impl<B> fmt::Debug for Read<B> {
    /// How much, and not what: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read")
            .field("read", &self.read.len())
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
