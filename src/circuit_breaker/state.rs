//! The state machine: closed, open, half-open (Nygard, "Release It!", 2007).
//!
//! Functions of values: they are told the time, the settings and what became of calls, and say what is to be done. Every state
//! has a generation, which goes with each call that it lets through; what a call of an older generation says is old news.

use std::time::Duration;

use super::{
    Cause, Counts, State, change::Transition, counts::Outcome, probes::Probes, settings::Settings,
    window::Sliding,
};
use crate::clock::Timestamp;

#[derive(Debug)]
pub(super) struct Machine {
    phase: Phase,
    generation: u32,
    /// Whether it stays as it is until a handle says otherwise.
    forced: bool,
    window: Sliding,
    /// How often it has opened without having stayed closed since for as long as it may be open.
    openings: u32,
    chance: fastrand::Rng,
}

#[derive(Debug)]
enum Phase {
    Closed {
        since: Timestamp,
    },
    HalfOpen(Probes),
    /// `None` for good.
    Open {
        until: Option<Timestamp>,
    },
}

/// A call that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) generation: u32,
    /// 0 if it is none.
    pub(super) probe: u32,
}

/// What becomes of a call. A rejected one may come again after this time, if that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Pass(Ticket),
    Reject(Option<Duration>),
}

/// How long those wait who come while all probes are under way: these may be answered at any moment.
const WHILE_PROBING: Duration = Duration::from_secs(1);
/// Generations leave room for a state beside them in 32 bits.
pub(super) const LAST_GENERATION: u32 = u32::MAX >> 2;

impl Machine {
    /// Closed. Open times are drawn by the chance of a seed.
    pub(super) fn new(settings: &Settings, seed: u64) -> Self {
        Self {
            phase: Phase::Closed { since: Timestamp::default() },
            generation: 0,
            forced: false,
            window: Sliding::new(settings.window),
            openings: 0,
            chance: fastrand::Rng::with_seed(seed),
        }
    }

    /// Goes on where another stopped that had other settings: as open, for as long, as forced, and after as many openings. Half-open,
    /// it begins to probe anew. What it counts begins anew too, unless it counts `alike`.
    #[cfg(feature = "config")]
    pub(super) fn resume(&mut self, other: &Self, alike: bool) {
        self.phase = match &other.phase {
            Phase::Closed { since } => Phase::Closed { since: *since },
            Phase::HalfOpen(_) => Phase::HalfOpen(Probes::default()),
            Phase::Open { until } => Phase::Open { until: *until },
        };
        (self.forced, self.openings) = (other.forced, other.openings);
        if alike {
            self.window = other.window.clone();
        }
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::HalfOpen(_) => State::HalfOpen,
            Phase::Open { .. } => State::Open,
        }
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn is_forced(&self) -> bool {
        self.forced
    }

    pub(super) fn open_until(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Open { until } => until,
            _ => None,
        }
    }

    /// What the window holds.
    pub(super) fn counts(&mut self, now: Timestamp) -> Counts {
        self.window.advance(now);
        self.window.total()
    }

    /// Until when, in nanoseconds, nothing but calls that are told changes anything: successes can be gathered while it is
    /// closed, calls be rejected while it is open.
    pub(super) fn until(&self) -> u64 {
        match self.phase {
            Phase::Closed { .. } => self.window.until(),
            Phase::HalfOpen(_) => 0,
            Phase::Open { until } => until.map_or(u64::MAX, Timestamp::as_nanos),
        }
    }

    /// Decides on a call.
    pub(super) fn admit(
        &mut self,
        settings: &Settings,
        now: Timestamp,
    ) -> (Admission, Option<Transition>) {
        let transition = self.advance(settings, now);
        let generation = self.generation;
        let admission = match &mut self.phase {
            Phase::Closed { .. } => Admission::Pass(Ticket { generation, probe: 0 }),
            Phase::HalfOpen(probes) => match probes.begin(&settings.probing, now) {
                Some(probe) => Admission::Pass(Ticket { generation, probe }),
                None => Admission::Reject(Some(WHILE_PROBING)),
            },
            Phase::Open { until } => {
                Admission::Reject(until.map(|until| until.saturating_since(now)))
            }
        };
        (admission, transition)
    }

    /// So many calls of this generation succeeded, before the time of `until`.
    pub(super) fn succeeded(&mut self, times: u32) {
        if times > 0 {
            self.window.add(Outcome::SUCCESS, times);
        }
    }

    /// A call has ended. `stay_away` is for how long its answer asked to be left alone.
    ///
    /// Only a bad call opens: if a success could, by being the one that makes the calls enough, it would do so just when the
    /// service recovers.
    pub(super) fn ended(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        ticket: Ticket,
        outcome: Outcome,
        stay_away: Option<Duration>,
    ) -> Option<Transition> {
        // A probe that is late has failed already.
        let expired = self.expire(settings, now, stay_away);
        if ticket.generation != self.generation {
            return expired;
        }
        match &mut self.phase {
            Phase::Closed { .. } => {
                self.window.advance(now);
                self.window.add(outcome, 1);
                let cause = self.fault(settings).filter(|_| !outcome.is_good() && !self.forced)?;
                Some(self.open(settings, now, cause, stay_away))
            }
            Phase::HalfOpen(probes) => {
                probes.end(ticket.probe, Some(outcome.is_good()));
                self.conclude(settings, now, stay_away)
            }
            Phase::Open { .. } => None,
        }
    }

    /// A call found nobody to answer it: no more calls are needed to know that it opens.
    #[cfg(feature = "redis")]
    pub(super) fn found_nobody(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        ticket: Ticket,
    ) -> Option<Transition> {
        let is_news = ticket.generation == self.generation && self.state() != State::Open;
        (is_news && !self.forced).then(|| self.open(settings, now, Cause::Failures, None))
    }

    /// The head of a call's answer is there; the rest will tell how it ends.
    pub(super) fn answered(&mut self, ticket: Ticket) {
        if let Phase::HalfOpen(probes) = &mut self.phase
            && ticket.generation == self.generation
        {
            probes.answered(ticket.probe);
        }
    }

    /// A call says nothing: it was given up, or is not to be judged.
    pub(super) fn given_back(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        ticket: Ticket,
    ) -> Option<Transition> {
        let expired = self.expire(settings, now, None);
        if let Phase::HalfOpen(probes) = &mut self.phase
            && ticket.generation == self.generation
        {
            probes.end(ticket.probe, None);
        }
        expired
    }

    /// Opens or closes until it is told otherwise. Any other state would not stay.
    pub(super) fn force(&mut self, open: bool, now: Timestamp) -> Option<Transition> {
        self.forced = true;
        let phase = match open {
            true => Phase::Open { until: None },
            false => Phase::Closed { since: now },
        };
        let transition = self.enter(phase, Cause::Handle, None);
        (transition.from != transition.to).then_some(transition)
    }

    /// Closes, and forgets what was.
    pub(super) fn reset(&mut self, now: Timestamp) -> Option<Transition> {
        (self.forced, self.openings) = (false, 0);
        let transition = self.enter(Phase::Closed { since: now }, Cause::Handle, None);
        (transition.from != transition.to).then_some(transition)
    }

    /// Does what the time demands.
    fn advance(&mut self, settings: &Settings, now: Timestamp) -> Option<Transition> {
        match self.phase {
            Phase::Open { until: Some(until) } if now >= until => {
                Some(self.enter(Phase::HalfOpen(Probes::default()), Cause::Elapsed, None))
            }
            _ => self.expire(settings, now, None),
        }
    }

    /// Ends probes that take too long.
    fn expire(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        stay_away: Option<Duration>,
    ) -> Option<Transition> {
        let Phase::HalfOpen(probes) = &mut self.phase else { return None };
        if probes.expire(settings.probing.timeout, now) {
            return Some(self.open(settings, now, Cause::ProbeTimeout, stay_away));
        }
        self.conclude(settings, now, stay_away)
    }

    /// Opens or closes, if the probes have decided.
    fn conclude(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        stay_away: Option<Duration>,
    ) -> Option<Transition> {
        let Phase::HalfOpen(probes) = &self.phase else { return None };
        Some(match probes.verdict(&settings.probing)? {
            true => self.enter(Phase::Closed { since: now }, Cause::Probes, None),
            false => self.open(settings, now, Cause::Probes, stay_away),
        })
    }

    /// What the window holds against the service.
    fn fault(&self, settings: &Settings) -> Option<Cause> {
        let counts = self.window.total();
        if counts.calls < settings.window.minimum {
            None
        } else if counts.failure_share() >= settings.failure_share {
            Some(Cause::Failures)
        } else {
            let slow = settings.slow.is_some_and(|slow| counts.slow_share() >= slow.share);
            slow.then_some(Cause::SlowCalls)
        }
    }

    fn open(
        &mut self,
        settings: &Settings,
        now: Timestamp,
        cause: Cause,
        stay_away: Option<Duration>,
    ) -> Transition {
        let times = &settings.open;
        if let Phase::Closed { since } = self.phase
            && now.saturating_since(since) >= times.longest
        {
            self.openings = 0;
        }
        let period = times.period(self.openings, self.chance.f64());
        let period = period.max(stay_away.unwrap_or_default()).min(times.longest);
        self.openings = self.openings.saturating_add(1);
        let until = Some(now.saturating_add(period));
        self.enter(Phase::Open { until }, cause, Some(period))
    }

    fn enter(&mut self, phase: Phase, cause: Cause, open_for: Option<Duration>) -> Transition {
        let (from, counts) = (self.state(), self.window.total());
        self.phase = phase;
        self.window.clear();
        self.generation = if self.generation == LAST_GENERATION { 0 } else { self.generation + 1 };
        let (to, generation) = (self.state(), self.generation);
        Transition { from, to, cause, open_for, counts, generation }
    }
}

#[cfg(test)]
mod tests;
