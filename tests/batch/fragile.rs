//! A service, keys, items and answers that panic where they are told to.

use std::{
    hash::{Hash, Hasher},
    panic::panic_any,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tower::Service;

use crate::desk::{Broken, doubled};

/// Where something panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Clone,
    Ready,
    /// After it was pending.
    LaterReady,
    Call,
    FirstPoll,
    LaterPoll,
    /// When the future is dropped that has given its answer.
    FutureDrop,
    /// When the service is dropped that was called.
    Drop,
    Eq,
    Hash,
}

impl Place {
    pub(crate) const OF_SERVICES: [Self; 8] = [
        Self::Clone,
        Self::Ready,
        Self::LaterReady,
        Self::Call,
        Self::FirstPoll,
        Self::LaterPoll,
        Self::FutureDrop,
        Self::Drop,
    ];
}

/// Panics at a place, when something comes by there for the n-th time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trap(Arc<Mutex<Option<(Place, usize)>>>);

impl Trap {
    /// Lets so many pass before, and all after it.
    pub(crate) fn set(&self, place: Place, passing: usize) {
        *self.0.lock().unwrap() = Some((place, passing));
    }

    pub(crate) fn disarm(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn pass(&self, place: Place) {
        let mut set = self.0.lock().unwrap();
        let Some((at, passing)) = *set else { return };
        if at == place {
            *set = passing.checked_sub(1).map(|passing| (at, passing));
            drop(set);
            if passing == 0 {
                panic_any(format!("{place:?}"));
            }
        }
    }
}

/// Doubles numbers, in a call that is pending once.
#[derive(Debug, Default)]
pub(crate) struct Fragile {
    pub(crate) trap: Trap,
    has_waited: bool,
    /// Only what was called panics when it is dropped.
    was_called: bool,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        self.trap.pass(Place::Clone);
        Self { trap: self.trap.clone(), has_waited: false, was_called: false }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        if self.was_called {
            self.trap.pass(Place::Drop);
        }
    }
}

impl Service<Vec<u64>> for Fragile {
    type Response = Vec<Result<u64, String>>;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if !self.has_waited {
            self.trap.pass(Place::Ready);
            self.has_waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.trap.pass(Place::LaterReady);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, numbers: Vec<u64>) -> Self::Future {
        self.was_called = true;
        self.trap.pass(Place::Call);
        Box::pin(Calling { trap: self.trap.clone(), numbers, has_waited: false })
    }
}

struct Calling {
    trap: Trap,
    numbers: Vec<u64>,
    has_waited: bool,
}

impl Future for Calling {
    type Output = Result<Vec<Result<u64, String>>, Broken>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.has_waited {
            self.trap.pass(Place::FirstPoll);
            self.has_waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.trap.pass(Place::LaterPoll);
        Poll::Ready(Ok(doubled(&self.numbers)))
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.trap.pass(Place::FutureDrop);
        }
    }
}

/// The key of a partition.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) key: u64,
    pub(crate) trap: Trap,
}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.trap.pass(Place::Clone);
        Self { key: self.key, trap: self.trap.clone() }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.trap.pass(Place::Eq);
        self.key == other.key
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.trap.pass(Place::Hash);
        self.key.hash(state);
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.trap.pass(Place::Drop);
        }
    }
}

/// An item or an answer.
#[derive(Debug)]
pub(crate) struct Brittle {
    pub(crate) number: u64,
    panics: Option<Place>,
}

impl Brittle {
    pub(crate) fn sound(number: u64) -> Self {
        Self { number, panics: None }
    }

    pub(crate) fn panics_in(place: Place, number: u64) -> Self {
        Self { number, panics: Some(place) }
    }
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        if self.panics == Some(Place::Clone) {
            panic!("no two of {}", self.number);
        }
        Self { number: self.number, panics: self.panics }
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.panics != Some(Place::Drop), "{} is dropped", self.number);
        }
    }
}
