use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::time::sleep;

use super::{
    Recording,
    tape::{End, Tape},
};
use crate::error::BoxError;

/// For how long a body that nobody reads any more is still received, to be stored.
const ABANDONED: Duration = Duration::from_secs(30);
/// For how long one slow reader may keep others waiting.
const STALLED: Duration = Duration::from_secs(30);

/// What came of a body.
#[derive(Debug, PartialEq)]
pub(crate) enum Ending {
    /// All of it is there.
    Whole(Bytes, Option<HeaderMap>),
    /// It is larger than may be kept, and goes on to those who read it.
    TooLarge,
    /// It broke off, was not as long as announced, or is only for those who read it.
    Unfit,
}

/// Receives a body for all who read it. As soon as it is known what comes of it, and before any reader learns of its end,
/// `done` is told; whoever drops the pump before leaves the readers with a broken body.
pub(crate) async fn pump<B, T>(
    recording: Arc<Recording>,
    body: Pin<Box<B>>,
    limit: u64,
    done: impl FnOnce(Ending) -> T,
) -> T
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = body;
    let guard = Unfinished(&recording);
    let end = loop {
        if recording.is_deserted() {
            break Some(End::Broken(None));
        }
        if !recording.lock().has_room(limit) {
            break None;
        }
        if let Some(end) = recording.take_down_next(body.as_mut()).await {
            break Some(end);
        }
    };
    let Some(end) = end else {
        let done = done(Ending::TooLarge);
        recording.change(Tape::overflow);
        recording.pass_on(body.as_mut(), limit).await;
        return done;
    };
    let done = done(recording.ending(&end));
    recording.finish(end);
    drop(guard);
    done
}

impl Recording {
    /// Passes on a body that is too large to be kept.
    async fn pass_on<B>(&self, mut body: Pin<&mut B>, limit: u64)
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        while self.room(limit).await {
            if let Some(end) = self.take_down_next(body.as_mut()).await {
                self.finish(end);
                return;
            }
        }
    }

    /// Waits for readers, if what they have not had is as much as may be. Whether there are any.
    async fn room(&self, limit: u64) -> bool {
        loop {
            let mut stalled = pin!(None);
            let has_room = poll_fn(|cx| {
                let mut tape = self.lock();
                if tape.has_room(limit) || !tape.has_readers() {
                    return Poll::Ready(true);
                }
                tape.filler = Some(cx.waker().clone());
                drop(tape);
                if stalled.is_none() {
                    stalled.set(Some(sleep(STALLED)));
                }
                stalled
                    .as_mut()
                    .as_pin_mut()
                    .map_or(Poll::Pending, |sleep| sleep.poll(cx))
                    .map(|()| false)
            });
            if has_room.await {
                return self.lock().has_readers();
            }
            self.change(Tape::cut_the_slowest);
        }
    }

    /// Takes the next frame of the body down. If it was the end: how the body ended. It also ends when nobody waits for it any
    /// more, at once if it could not be stored anyway.
    async fn take_down_next<B>(&self, mut body: Pin<&mut B>) -> Option<End>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Some(End::Complete);
        }
        let mut abandoned = pin!(None);
        poll_fn(|cx| {
            if let Poll::Ready(frame) = body.as_mut().poll_frame(cx) {
                return Poll::Ready(match frame {
                    None => Some(End::Complete),
                    Some(Err(error)) => Some(End::Broken(Some(error.into()))),
                    Some(Ok(frame)) => self.take_down(frame),
                });
            }
            let mut tape = self.lock();
            tape.filler = Some(cx.waker().clone());
            if tape.has_readers() {
                abandoned.set(None);
                return Poll::Pending;
            }
            if tape.overflowed || !self.is_kept {
                tape.break_off();
                return Poll::Ready(Some(End::Broken(None)));
            }
            drop(tape);
            if abandoned.is_none() {
                abandoned.set(Some(sleep(ABANDONED)));
            }
            let over =
                abandoned.as_mut().as_pin_mut().map_or(Poll::Pending, |sleep| sleep.poll(cx));
            over.map(|()| Some(End::Broken(None)))
        })
        .await
    }

    /// Whether nobody reads it any more, and nobody wants it otherwise: then nobody can join any more either.
    fn is_deserted(&self) -> bool {
        if self.is_kept {
            return false;
        }
        let mut tape = self.lock();
        let is_deserted = !tape.has_readers();
        if is_deserted {
            tape.break_off();
        }
        is_deserted
    }

    /// Takes a frame down; trailers are the end.
    fn take_down<D: Buf>(&self, frame: Frame<D>) -> Option<End> {
        match frame.into_data() {
            Ok(mut data) => {
                let data = data.copy_to_bytes(data.remaining());
                if !data.is_empty() {
                    self.change(|tape| tape.push(data));
                }
                None
            }
            Err(frame) => {
                let trailers = frame.into_trailers().ok()?;
                self.lock().trailers = Some(trailers);
                Some(End::Complete)
            }
        }
    }

    /// What a body came to that has ended so.
    fn ending(&self, end: &End) -> Ending {
        let tape = self.lock();
        let as_announced = self.expected().is_none_or(|expected| expected == tape.came);
        match end {
            End::Complete if as_announced && self.is_kept => {
                Ending::Whole(tape.whole(), tape.trailers.clone())
            }
            _ => Ending::Unfit,
        }
    }

    fn finish(&self, end: End) {
        self.change(|tape| {
            tape.end.get_or_insert(end);
        });
    }
}

/// Tells readers that nothing more will come, if nobody has told them how it ended: whoever drops the pump, be it a runtime
/// that shuts down or a body that panics, leaves none of them waiting.
struct Unfinished<'a>(&'a Recording);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.finish(End::Broken(None));
    }
}
