use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Recording, tape::Found};
use crate::error::BoxError;

/// Reads what is being recorded.
pub(crate) struct Reader {
    recording: Arc<Recording>,
    key: usize,
    read: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// It has had all, or an error.
    Done,
}

impl Reader {
    pub(super) fn new(recording: Arc<Recording>, key: usize) -> Self {
        Self { recording, key, read: 0, state: State::Reading }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.state == State::Done {
            return Poll::Ready(None);
        }
        let mut tape = self.recording.lock();
        let found = tape.read(self.key, cx.waker());
        let filler = if tape.overflowed { tape.filler.take() } else { None };
        drop(tape);
        wake(filler);
        let frame = match found {
            Found::Nothing => return Poll::Pending,
            Found::Data(data) => {
                self.read += data.len() as u64;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            Found::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
            Found::End => None,
            Found::Broken(error) => Some(Err(error.unwrap_or_else(|| Interrupted.into()))),
        };
        self.state = State::Done;
        Poll::Ready(frame)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        if self.state == State::Done {
            return true;
        }
        let tape = self.recording.lock();
        tape.is_read(self.key) && tape.trailers.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        if self.state == State::Done {
            return SizeHint::with_exact(0);
        }
        // Not what has come so far, even at the end: a length that was not announced is not to be guessed from.
        match self.recording.expected() {
            Some(expected) => SizeHint::with_exact(expected.saturating_sub(self.read)),
            None => {
                let mut hint = SizeHint::new();
                hint.set_lower(self.recording.lock().unread(self.key));
                hint
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut tape = self.recording.lock();
        tape.leave(self.key);
        let filler = if tape.overflowed || !tape.has_readers() { tape.filler.take() } else { None };
        drop(tape);
        wake(filler);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("read", &self.read)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Outside of the lock.
fn wake(filler: Option<Waker>) {
    if let Some(filler) = filler {
        filler.wake();
    }
}

/// The response that this one was a copy of broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response that was read along with another request's broke off")
    }
}

impl std::error::Error for Interrupted {}
