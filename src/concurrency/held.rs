use std::{fmt, thread, time::Duration};

use http::{HeaderMap, Response};
use http_body::Body;

use super::{HoldUntil, Sample, gate::Permit};
use crate::{
    body::Guard,
    clock::{Timestamp, nanos},
    verdict::{Judge, Verdict},
};

/// What is held for a request that was let in: a permit, and what an adaptive limit will learn from the answer.
///
/// It is the guard of the response's body, and moves with that from layer to layer: so it is kept small.
pub struct Held {
    permit: Permit,
    lesson: Option<Lesson>,
}

/// What an answer will teach.
struct Lesson {
    judge: Judge,
    stage: Stage,
}

/// How far the answer is. What is the same in both variants is in both, as it then fits into the room beside the tag.
#[derive(Clone, Copy)]
enum Stage {
    /// Its head is not there yet.
    Asked { in_flight: u32, since: Timestamp },
    /// Its head was there after so many nanoseconds.
    Answered { in_flight: u32, rtt: u64 },
}

impl Held {
    /// For a request that was let in as one of so many; `since` if its answer is to teach something, see
    /// [`Gate::starts`](super::gate::Gate::starts).
    #[inline]
    pub(super) fn new(
        permit: Permit,
        in_flight: u32,
        since: Option<Timestamp>,
        judge: &Judge,
    ) -> Self {
        let lesson = since
            .map(|since| Lesson { judge: judge.clone(), stage: Stage::Asked { in_flight, since } });
        Self { permit, lesson }
    }

    /// The head of the answer is there, or there is none. Whether something is still to be held for its body.
    #[inline]
    pub(super) fn outlasts<B: Body, E>(
        &mut self,
        result: &Result<Response<B>, E>,
        until: HoldUntil,
    ) -> bool {
        let Ok(response) = result else {
            self.learn(Verdict::Failure);
            return false;
        };
        if self.lesson.is_some() {
            self.learn_of_head(response);
        }
        // A body that is empty from the start may never be polled.
        if response.body().is_end_stream() {
            self.complete();
            return false;
        }
        if until == HoldUntil::BodyEnd {
            return true;
        }
        self.permit.give_back();
        self.lesson.is_some()
    }

    fn learn_of_head<B>(&mut self, response: &Response<B>) {
        let Some(Lesson { judge, stage }) = &mut self.lesson else { return };
        let now = self.permit.gate().terms().clock.now();
        let (in_flight, rtt) = stage.at(now);
        match judge.head(response) {
            Some(verdict) => {
                self.permit.gate().learn(&sample(now, rtt, in_flight, verdict));
                self.lesson = None;
            }
            None => *stage = Stage::Answered { in_flight, rtt: nanos(rtt) },
        }
    }

    fn learn(&mut self, verdict: Verdict) {
        if let Some(lesson) = self.lesson.take() {
            self.teach(lesson.stage, verdict);
        }
    }

    fn teach(&self, stage: Stage, verdict: Verdict) {
        let gate = self.permit.gate();
        let now = gate.terms().clock.now();
        let (in_flight, rtt) = stage.at(now);
        gate.learn(&sample(now, rtt, in_flight, verdict));
    }
}

impl Stage {
    /// How many were in, and how long the head took, or has taken by now.
    fn at(self, now: Timestamp) -> (u32, Duration) {
        match self {
            Self::Asked { in_flight, since } => (in_flight, now.saturating_since(since)),
            Self::Answered { in_flight, rtt } => (in_flight, Duration::from_nanos(rtt)),
        }
    }
}

fn sample(now: Timestamp, rtt: Duration, in_flight: u32, verdict: Verdict) -> Sample {
    Sample { now, rtt, in_flight: in_flight as usize, verdict }
}

impl Guard for Held {
    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(lesson) = self.lesson.take() {
            self.teach(lesson.stage, lesson.judge.trailers(trailers));
        }
    }

    fn failed(&mut self) {
        self.learn(Verdict::Failure);
    }

    fn complete(&mut self) {
        // What has come to its end without trailers has no code.
        self.learn(Verdict::Failure);
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        // Whoever is given up teaches nothing, whoever panics that it failed.
        if self.lesson.is_some() && thread::panicking() {
            self.learn(Verdict::Failure);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("permit", &self.permit).finish_non_exhaustive()
    }
}
