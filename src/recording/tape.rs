use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;
use http::HeaderMap;
use slab::Slab;

use super::Reader;
use crate::error::BoxError;

/// A body that is being received: what has come of it, and who reads it.
///
/// Up to the largest size that may be stored all of it is kept, so that whoever comes late reads it from its beginning and
/// nobody waits for a slow reader. A body that turns out larger *overflows*: nobody can join any more, what all have read is
/// dropped, and the one who fills the tape waits for the slowest of those who read.
#[derive(Debug)]
pub(crate) struct Recording {
    tape: Mutex<Tape>,
    /// The length that was announced.
    expected: Option<u64>,
    /// Whether somebody wants what came of it once it is whole, though nobody reads it any more.
    pub(super) is_kept: bool,
}

#[derive(Debug, Default)]
pub(super) struct Tape {
    /// What came, without what was dropped from the front.
    frames: VecDeque<Taped>,
    /// How many were dropped from the front.
    dropped: usize,
    /// Bytes in `frames`.
    pub(super) held: u64,
    /// Bytes that have come in all.
    pub(super) came: u64,
    pub(super) trailers: Option<HeaderMap>,
    pub(super) end: Option<End>,
    pub(super) overflowed: bool,
    readers: Slab<Place>,
    /// Who fills the tape, if it has to know that readers have moved on or left.
    pub(super) filler: Option<Waker>,
}

/// So many frames may be of any size; beyond that, there may be one for each so many bytes.
const FRAMES: u64 = 1_024;
const SMALL: u64 = 64;

#[derive(Debug)]
struct Taped {
    data: Bytes,
    /// How many of the readers have not had it.
    wanted_by: usize,
}

/// Where a reader is.
#[derive(Debug)]
struct Place {
    /// How many frames it has had, dropped ones too.
    next: usize,
    waker: Option<Waker>,
    /// Whether it was left behind, for the sake of those who were waiting for it.
    cut: bool,
}

/// How a body ended.
#[derive(Debug)]
pub(super) enum End {
    Complete,
    /// With its error, until the first who meets it takes it along.
    Broken(Option<BoxError>),
}

/// What a reader finds.
pub(super) enum Found {
    Data(Bytes),
    Trailers(HeaderMap),
    End,
    Broken(Option<BoxError>),
    /// Not yet.
    Nothing,
}

impl Recording {
    pub(crate) fn new(expected: Option<u64>) -> Arc<Self> {
        Arc::new(Self { tape: Mutex::default(), expected, is_kept: true })
    }

    /// One that ends when nobody reads it any more, and that nothing is kept of.
    pub(crate) fn for_readers(expected: Option<u64>) -> Arc<Self> {
        Arc::new(Self { tape: Mutex::default(), expected, is_kept: false })
    }

    /// Whether it turned out too large for whoever comes now.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.lock().overflowed
    }

    /// Reads it from its beginning, if that is still there and it has not broken off.
    pub(crate) fn reader(self: &Arc<Self>) -> Option<Reader> {
        let mut tape = self.lock();
        if tape.overflowed || matches!(tape.end, Some(End::Broken(_))) {
            return None;
        }
        for frame in &mut tape.frames {
            frame.wanted_by += 1;
        }
        let key = tape.readers.insert(Place { next: 0, waker: None, cut: false });
        Some(Reader::new(Arc::clone(self), key))
    }

    /// The length that was announced.
    pub(super) const fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// What happens under the lock cannot panic half-way.
    pub(super) fn lock(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `change`, and wakes everybody who waits for one, outside of the lock.
    pub(super) fn change(&self, change: impl FnOnce(&mut Tape)) {
        let mut tape = self.lock();
        change(&mut tape);
        let wakers: Vec<Waker> =
            tape.readers.iter_mut().filter_map(|(_, place)| place.waker.take()).collect();
        drop(tape);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Tape {
    pub(super) fn push(&mut self, data: Bytes) {
        self.came += data.len() as u64;
        self.held += data.len() as u64;
        let wanted_by = self.readers.iter().filter(|(_, place)| !place.cut).count();
        self.frames.push_back(Taped { data, wanted_by });
        self.trim();
    }

    /// From now on keeps only what some reader has not had.
    pub(super) fn overflow(&mut self) {
        self.overflowed = true;
        self.trim();
    }

    fn trim(&mut self) {
        while self.overflowed && self.frames.front().is_some_and(|frame| frame.wanted_by == 0) {
            self.held -= self.frames.pop_front().map_or(0, |frame| frame.data.len() as u64);
            self.dropped += 1;
        }
    }

    /// Whether what is held is not more than `limit` bytes, nor in so many small frames that these would take far more room.
    pub(super) fn has_room(&self, limit: u64) -> bool {
        self.held <= limit && self.frames.len() as u64 <= FRAMES + limit / SMALL
    }

    pub(super) fn has_readers(&self) -> bool {
        !self.readers.is_empty()
    }

    /// It breaks off, unless it has ended. Nobody can join any more.
    pub(super) fn break_off(&mut self) {
        self.end.get_or_insert(End::Broken(None));
    }

    /// All of it, in one piece of exactly its size: the frames may be parts of large buffers.
    pub(super) fn whole(&self) -> Bytes {
        let mut whole = Vec::with_capacity(self.held as usize);
        self.frames.iter().for_each(|frame| whole.extend_from_slice(&frame.data));
        whole.into()
    }

    /// Leaves those behind who have read least, if somebody waits for what comes next.
    pub(super) fn cut_the_slowest(&mut self) {
        let (dropped, end) = (self.dropped, self.dropped + self.frames.len());
        if !self.readers.iter().any(|(_, place)| !place.cut && place.next == end) {
            return;
        }
        let slowest: Vec<usize> = self
            .readers
            .iter()
            .filter_map(|(key, place)| (!place.cut && place.next == dropped).then_some(key))
            .collect();
        for key in slowest {
            self.readers[key].cut = true;
            self.pass_over(dropped);
        }
        self.trim();
    }

    /// What a reader finds next; if nothing, it will be woken.
    pub(super) fn read(&mut self, key: usize, waker: &Waker) -> Found {
        let place = &mut self.readers[key];
        if place.cut {
            return Found::Broken(None);
        }
        if let Some(frame) = self.frames.get_mut(place.next - self.dropped) {
            place.next += 1;
            frame.wanted_by -= 1;
            let data = frame.data.clone();
            self.trim();
            return Found::Data(data);
        }
        match &mut self.end {
            None => {
                place.waker.get_or_insert_with(|| waker.clone()).clone_from(waker);
                Found::Nothing
            }
            Some(End::Complete) => self.trailers.clone().map_or(Found::End, Found::Trailers),
            Some(End::Broken(error)) => Found::Broken(error.take()),
        }
    }

    /// Whether a reader has had all of it but trailers.
    pub(super) fn is_read(&self, key: usize) -> bool {
        let place = &self.readers[key];
        matches!(self.end, Some(End::Complete))
            && !place.cut
            && place.next == self.dropped + self.frames.len()
    }

    pub(super) fn leave(&mut self, key: usize) {
        let place = self.readers.remove(key);
        if !place.cut {
            self.pass_over(place.next);
        }
        self.trim();
    }

    /// One fewer wants the frames from the `next` one on.
    fn pass_over(&mut self, next: usize) {
        for frame in self.frames.range_mut(next - self.dropped..) {
            frame.wanted_by -= 1;
        }
    }

    /// Bytes of the frames that a reader has not had.
    pub(super) fn unread(&self, key: usize) -> u64 {
        let from = self.readers[key].next - self.dropped;
        self.frames.range(from..).map(|frame| frame.data.len() as u64).sum()
    }
}
