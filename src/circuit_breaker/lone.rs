use std::time::Duration;

use super::{
    State, Window,
    change::Transition,
    circuit::Circuit,
    counts::Outcome,
    settings::{OpenTime, Probing, Settings},
    state::{Admission, Ticket},
};
use crate::clock::Clock;

/// A circuit without a layer around it, for a client that looks for itself whether its server is back.
///
/// Calls [pass](Self::pass) only while it is closed, and never find out on a server's behalf: that is the part of whoever
/// [probes](Self::probe), one probe after the other, and a single one that succeeds closes it.
#[derive(Debug)]
pub(crate) struct LoneCircuit {
    circuit: Circuit,
    settings: Settings,
    clock: Clock,
}

/// A call that was let through, or a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass(Ticket);

impl LoneCircuit {
    /// Closed. It opens if this share of a window's calls fails: first for the shorter of the times, then for twice as long
    /// each time, up to the longer. A probe that nobody ends, as its runtime is gone, has failed after `probe_timeout`.
    pub(crate) fn new(
        window: Window,
        failure_share: f64,
        [first, longest]: [Duration; 2],
        probe_timeout: Duration,
    ) -> Self {
        let settings = Settings {
            window,
            failure_share,
            slow: None,
            open: OpenTime { first, longest, jitter: 0.2 },
            probing: Probing { required: 1, of: 1, at_once: 1, timeout: probe_timeout },
        };
        let circuit = Circuit::new(&settings, fastrand::u64(..));
        Self { circuit, settings, clock: Clock::system() }
    }

    /// Lets a call through if it is closed.
    pub(crate) fn pass(&self) -> Option<Pass> {
        self.circuit.pass().map(Pass)
    }

    /// Lets a probe through, or says for how long there is none. While it is closed, a probe is a call like others.
    pub(crate) fn probe(&self) -> Result<Pass, Duration> {
        match self.circuit.admit(&self.settings, || self.clock.now()).0 {
            Admission::Pass(ticket) => Ok(Pass(ticket)),
            Admission::Reject(wait) => Err(wait.unwrap_or(self.settings.open.longest)),
        }
    }

    /// What was let through has ended. Its new state, if that changed it.
    pub(crate) fn ended(&self, Pass(ticket): Pass, good: bool) -> Option<State> {
        let now = self.clock.now();
        if good && self.circuit.succeeded(now, ticket) {
            return None;
        }
        let outcome = Outcome { failed: !good, slow: false };
        let ended = self
            .circuit
            .locked(|machine| machine.ended(&self.settings, now, ticket, outcome, None));
        ended.map(|Transition { to, .. }| to)
    }

    /// What was let through found nobody there: no window is needed to tell.
    pub(crate) fn found_nobody(&self, Pass(ticket): Pass) -> Option<State> {
        let now = self.clock.now();
        let opened =
            self.circuit.locked(|machine| machine.found_nobody(&self.settings, now, ticket));
        opened.map(|Transition { to, .. }| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(1);

    fn circuit() -> (LoneCircuit, crate::clock::ManualClock) {
        let (clock, hand) = Clock::manual();
        let window = Window::by_count(4, 2).unwrap();
        (LoneCircuit { clock, ..LoneCircuit::new(window, 0.5, [SHORT, LONG], 60 * LONG) }, hand)
    }

    #[test]
    fn a_call_never_probes() {
        let (circuit, hand) = circuit();
        assert_eq!(circuit.found_nobody(circuit.pass().unwrap()), Some(State::Open));
        hand.advance(LONG);
        assert!(circuit.pass().is_none());
        let probe = circuit.probe().unwrap();
        assert!(circuit.pass().is_none());
        assert_eq!(circuit.ended(probe, true), Some(State::Closed));
        assert!(circuit.pass().is_some());
    }

    #[test]
    fn a_probe_that_nobody_ends_does_not_keep_it_open() {
        let (circuit, hand) = circuit();
        circuit.found_nobody(circuit.pass().unwrap());
        hand.advance(LONG);
        let _lost = circuit.probe().unwrap();
        hand.advance(60 * LONG);
        hand.advance(circuit.probe().unwrap_err());
        assert_eq!(circuit.ended(circuit.probe().unwrap(), true), Some(State::Closed));
    }

    #[test]
    fn it_takes_a_window_of_failures_but_nobody_only_once() {
        let (circuit, _hand) = circuit();
        let pass = circuit.pass().unwrap();
        assert_eq!(circuit.ended(pass, true), None);
        assert_eq!(circuit.ended(pass, true), None);
        assert_eq!(circuit.ended(pass, true), None);
        assert_eq!(circuit.ended(pass, false), None);
        assert_eq!(circuit.ended(pass, false), Some(State::Open));
        assert_eq!(circuit.found_nobody(pass), None, "old news");
    }

    #[test]
    fn each_probe_that_fails_doubles_the_time_to_the_next() {
        let (circuit, hand) = circuit();
        circuit.found_nobody(circuit.pass().unwrap());
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait = circuit.probe().unwrap_err();
            waits.push(wait);
            hand.advance(wait);
            assert_eq!(circuit.found_nobody(circuit.probe().unwrap()), Some(State::Open));
        }
        assert!(waits[0] >= SHORT.mul_f64(0.8) && waits[0] <= SHORT.mul_f64(1.2), "{waits:?}");
        assert!(waits[2] >= waits[0].mul_f64(2.0), "{waits:?}");
        assert!(waits[7] >= LONG.mul_f64(0.8) && waits[7] <= LONG, "{waits:?}");
    }
}
