use std::{fmt, sync::Arc, thread, time::Duration};

use http::{HeaderMap, Response};

use super::{
    HoldUntil, Sample,
    gate::{Gate, Permit},
};
use crate::{
    body::Guard,
    clock::Timestamp,
    verdict::{Judge, Verdict},
};

/// What is held for a request that was let in: a permit, and what an adaptive limit will learn from the answer.
///
/// It is the guard of the response's body.
pub struct Held {
    permit: Option<Permit>,
    lesson: Option<Lesson>,
}

/// What an answer will teach.
struct Lesson {
    gate: Arc<Gate>,
    judge: Judge,
    since: Timestamp,
    /// How long it took to the head; `None` until that is there.
    rtt: Option<Duration>,
    in_flight: u32,
}

impl Held {
    #[inline]
    pub(super) fn new(permit: Permit, in_flight: u32, judge: &Judge) -> Self {
        let gate = permit.gate();
        let lesson = gate.learns().then(|| Lesson {
            gate: Arc::clone(gate),
            judge: judge.clone(),
            since: gate.terms().clock.now(),
            rtt: None,
            in_flight,
        });
        Self { permit: Some(permit), lesson }
    }

    /// The head of the answer is there; what is still to be held for its body.
    #[inline]
    pub(super) fn head<B>(mut self, response: &Response<B>, until: HoldUntil) -> Option<Self> {
        if let Some(mut lesson) = self.lesson.take() {
            lesson.rtt = Some(lesson.gate.terms().clock.now().saturating_since(lesson.since));
            match lesson.judge.head(response) {
                Some(verdict) => lesson.teach(verdict),
                None => self.lesson = Some(lesson),
            }
        }
        if until == HoldUntil::Headers {
            self.permit = None;
        }
        (self.permit.is_some() || self.lesson.is_some()).then_some(self)
    }

    /// There is no answer.
    pub(super) fn failed(mut self) {
        self.learn(Verdict::Failure);
    }

    fn learn(&mut self, verdict: Verdict) {
        if let Some(lesson) = self.lesson.take() {
            lesson.teach(verdict);
        }
    }
}

impl Lesson {
    fn teach(self, verdict: Verdict) {
        let now = self.gate.terms().clock.now();
        let rtt = self.rtt.unwrap_or_else(|| now.saturating_since(self.since));
        self.gate.learn(&Sample { now, rtt, in_flight: self.in_flight as usize, verdict });
    }
}

impl Guard for Held {
    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(lesson) = self.lesson.take() {
            let verdict = lesson.judge.trailers(trailers);
            lesson.teach(verdict);
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
