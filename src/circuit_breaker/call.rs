use std::{fmt, ops::ControlFlow, sync::Arc, time::Duration};

use http::{HeaderMap, Response};

use super::{
    circuits::Member, counts::Outcome, retry_after::retry_after, state::Ticket, watched::Watched,
};
use crate::{body::Guard, clock::Timestamp, verdict::Verdict};

/// A call that was let through, until it is known what it says of the service.
///
/// It goes with the answer of a gRPC call whose trailers will tell. Dropped before, it was given up and says nothing, and if it
/// was a probe, gives its place to the next.
pub struct Call {
    watched: Arc<Watched>,
    /// `None` is the circuit for requests without a key.
    member: Option<Arc<Member>>,
    ticket: Ticket,
    /// Only if it matters how long it takes.
    started: Timestamp,
    /// The service is at work. Dropped meanwhile, it panicked.
    running: bool,
    /// Its answer's head is there.
    answered: bool,
    slow: bool,
    told: bool,
}

impl Call {
    #[inline]
    pub(super) fn new(
        watched: Arc<Watched>,
        member: Option<Arc<Member>>,
        ticket: Ticket,
        started: Timestamp,
    ) -> Self {
        let (running, answered, slow, told) = (true, false, false, false);
        Self { watched, member, ticket, started, running, answered, slow, told }
    }

    /// Whether the service is at work for it.
    #[inline]
    pub(super) fn set_running(&mut self, running: bool) {
        self.running = running;
    }

    /// The service has taken it on.
    #[inline]
    pub(super) fn stopped(mut self) -> Self {
        self.running = false;
        self
    }

    /// The head of the answer is there. Tells whether the rest of it decides.
    #[inline]
    pub(super) fn head<B>(&mut self, response: &Response<B>) -> ControlFlow<()> {
        let now = self.watched.usage.clock.now();
        self.slow = self.is_slow(now);
        match self.watched.usage.judge.head(response) {
            Some(verdict) => {
                self.judged(verdict, response.headers(), now);
                ControlFlow::Break(())
            }
            None => {
                self.streams();
                ControlFlow::Continue(())
            }
        }
    }

    #[inline(never)]
    fn streams(&mut self) {
        (self.answered, self.running) = (true, false);
        if self.ticket.probe != 0 {
            let ticket = self.ticket;
            self.member().circuit.locked(|machine| machine.answered(ticket));
        }
    }

    /// The service failed.
    pub(super) fn failed(mut self) {
        let now = self.watched.usage.clock.now();
        self.slow = self.is_slow(now);
        self.ended(true, now, None);
    }

    fn is_slow(&self, now: Timestamp) -> bool {
        let slow = self.watched.breaker.settings().slow;
        slow.is_some_and(|slow| now.saturating_since(self.started) >= slow.from)
    }

    fn member(&self) -> &Member {
        self.member.as_deref().unwrap_or(&self.watched.breaker.circuits.rest)
    }

    #[inline]
    fn judged(&mut self, verdict: Verdict, fields: &HeaderMap, now: Timestamp) {
        match verdict {
            Verdict::Success | Verdict::ClientError => self.ended(false, now, None),
            Verdict::Failure | Verdict::Overload => {
                let stay_away = retry_after(fields, &self.watched.usage.clock);
                self.ended(true, now, stay_away);
            }
            Verdict::Ignored => {
                self.watched.meters().ignored.increment(1);
                self.give_back(now);
            }
        }
    }

    #[inline]
    fn ended(&mut self, failed: bool, now: Timestamp, stay_away: Option<Duration>) {
        self.told = true;
        let outcome = Outcome { failed, slow: self.slow };
        self.watched.meters().ended(outcome).increment(1);
        let (member, ticket) = (self.member(), self.ticket);
        if outcome.is_good() && member.circuit.succeeded(now, ticket) {
            return;
        }
        let settings = self.watched.breaker.settings();
        let ended = member
            .circuit
            .locked(|machine| machine.ended(settings, now, ticket, outcome, stay_away));
        self.watched.tell(member, ended);
    }

    fn give_back(&mut self, now: Timestamp) {
        self.told = true;
        if self.ticket.probe == 0 {
            return;
        }
        let (member, ticket) = (self.member(), self.ticket);
        let settings = self.watched.breaker.settings();
        let given_back = member.circuit.locked(|machine| machine.given_back(settings, now, ticket));
        self.watched.tell(member, given_back);
    }

    /// It is over and nobody said how.
    #[cold]
    fn abandoned(&mut self) {
        let now = self.watched.usage.clock.now();
        self.slow = if self.answered { self.slow } else { self.is_slow(now) };
        if self.running || self.slow {
            self.ended(self.running, now, None);
        } else {
            self.watched.meters().cancelled.increment(1);
            self.give_back(now);
        }
    }
}

impl Guard for Call {
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.running = true;
        let done = poll();
        self.running = false;
        done
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if !self.told {
            let verdict = self.watched.usage.judge.trailers(trailers);
            let now = self.watched.usage.clock.now();
            self.judged(verdict, trailers, now);
        }
    }

    fn failed(&mut self) {
        if !self.told {
            self.ended(true, self.watched.usage.clock.now(), None);
        }
    }

    fn complete(&mut self) {
        // Without trailers: such a call has failed.
        self.trailers(&HeaderMap::new());
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if !self.told {
            self.abandoned();
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("breaker", self.watched.breaker.name()).finish_non_exhaustive()
    }
}
