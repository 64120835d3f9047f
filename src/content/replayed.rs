use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

/// The body of a request that a layer has read to tell it from others by it, all of it or a part: first what was read, in one
/// piece, then what remains as it comes, and trailers and errors where they were.
pub struct ReplayedBody<B: Body> {
    read: Bytes,
    rest: Rest<B>,
}

enum Rest<B: Body> {
    Coming(Pin<Box<B>>),
    Trailers(HeaderMap),
    Failed(B::Error),
    Ended,
}

/// Why a body is not known as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    /// They may change the answer too.
    Trailers,
    Failed,
}

impl<B: Body> ReplayedBody<B> {
    pub(super) fn new(body: B) -> Self {
        Self { read: Bytes::new(), rest: Rest::Coming(Box::pin(body)) }
    }

    /// What was read.
    pub(super) fn content(&self) -> &Bytes {
        &self.read
    }

    /// Reads all of it, and stops when there are more than `most` bytes.
    ///
    /// # Cancel safety
    ///
    /// What was read is there when it is dropped.
    pub(super) async fn read(&mut self, most: usize) -> Result<(), Unread> {
        loop {
            let Rest::Coming(body) = &mut self.rest else { return Ok(()) };
            if body.is_end_stream() {
                self.rest = Rest::Ended;
                return Ok(());
            }
            match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
                None => self.rest = Rest::Ended,
                Some(Err(error)) => {
                    self.rest = Rest::Failed(error);
                    return Err(Unread::Failed);
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(mut data) => self.append(data.copy_to_bytes(data.remaining())),
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            self.rest = Rest::Trailers(trailers);
                            return Err(Unread::Trailers);
                        }
                    }
                },
            }
            if self.read.len() > most {
                return Err(Unread::TooLarge);
            }
        }
    }

    /// In one piece: many small frames would take far more room than what is in them.
    fn append(&mut self, data: Bytes) {
        if self.read.is_empty() {
            self.read = data;
            return;
        }
        let mut joined = BytesMut::from(mem::take(&mut self.read));
        joined.extend_from_slice(&data);
        self.read = joined.freeze();
    }
}

/// Nothing in it is pinned in place.
impl<B: Body> Unpin for ReplayedBody<B> {}

impl<B: Body> Body for ReplayedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if !self.read.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(mem::take(&mut self.read)))));
        }
        if let Rest::Coming(body) = &mut self.rest {
            let whole = |mut data: B::Data| data.copy_to_bytes(data.remaining());
            return body.as_mut().poll_frame(cx).map_ok(|frame| frame.map_data(whole));
        }
        Poll::Ready(match mem::replace(&mut self.rest, Rest::Ended) {
            Rest::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
            Rest::Failed(error) => Some(Err(error)),
            Rest::Coming(_) | Rest::Ended => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty()
            && match &self.rest {
                Rest::Coming(body) => body.is_end_stream(),
                Rest::Trailers(_) | Rest::Failed(_) => false,
                Rest::Ended => true,
            }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = match &self.rest {
            Rest::Coming(body) => body.size_hint(),
            Rest::Trailers(_) | Rest::Ended => SizeHint::with_exact(0),
            Rest::Failed(_) => SizeHint::new(),
        };
        let read = self.read.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint.set_lower(hint.lower().saturating_add(read));
        hint
    }
}

impl<B: Body> fmt::Debug for ReplayedBody<B> {
    /// How much, and not what: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = match self.rest {
            Rest::Coming(_) => "coming",
            Rest::Trailers(_) => "trailers",
            Rest::Failed(_) => "failed",
            Rest::Ended => "ended",
        };
        let mut debug = f.debug_struct("ReplayedBody");
        debug.field("read", &self.read.len()).field("rest", &rest).finish()
    }
}

impl Unread {
    /// What to say of it where it is told why a request was not answered as a query.
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::TooLarge => "request-body-too-large",
            Self::Trailers => "request-trailers",
            Self::Failed => "request-body-failed",
        }
    }
}

#[cfg(test)]
mod tests;
