use std::{
    any::Any,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use http::Response;

use super::{begun::Whole, judge::Selection};
use crate::{
    clock::Timestamp,
    flight::{Flights, Follower, Joined, Leader, Turn},
    recording::Recording,
};

/// What the requests that share a call have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlightKey {
    pub(super) key: u128,
    /// How many unsafe requests had ended before.
    pub(super) writes: u64,
}

impl Hash for FlightKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A hash under a secret itself: any part of it is as good as all.
        state.write_u64(self.key as u64);
    }
}

pub(super) type Shares = Flights<FlightKey, Flown, Baton>;
pub(super) type Flying = Joined<FlightKey, Flown, Baton>;
pub(super) type Leads = Leader<FlightKey, Flown, Baton>;
pub(super) type Follows = Follower<FlightKey, Flown, Baton>;
pub(super) type Turned = Turn<FlightKey, Flown, Baton>;

/// What came of a call that many waited for.
#[derive(Clone, Debug)]
pub(super) enum Flown {
    /// A response.
    Given(Arc<Answer>),
    /// One that is not for others: each goes alone.
    Refused,
    /// The call failed, more than once.
    Failed,
}

/// A response for all whom it answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Response<()>,
    pub(super) given: Given,
    pub(super) selection: Selection,
    /// When the service was called for it.
    pub(super) began: Timestamp,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Given {
    Whole(Whole),
    Coming(Arc<Recording>),
}

/// What a leader leaves for the next.
#[derive(Default)]
pub(super) struct Baton {
    /// The call as it is, if it is one that can go on. Erased, as services of several types may share a layer: whoever knows it
    /// not calls anew.
    pub(super) call: Option<Box<dyn Any + Send>>,
    /// Whether one has failed before.
    pub(super) has_failed: bool,
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton")
            .field("runs", &self.call.is_some())
            .field("has_failed", &self.has_failed)
            .finish()
    }
}
