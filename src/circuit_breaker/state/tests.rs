use proptest::prelude::*;

use super::*;
use crate::circuit_breaker::{
    Window,
    settings::{OpenTime, Slow},
};

const SLOW: Outcome = Outcome { failed: false, slow: true };

/// Opens at half of 4 calls among the last 10, for 5 s to a minute.
fn settings() -> Settings {
    let open = OpenTime { jitter: 0.0, ..Settings::default().open };
    Settings { window: Window::by_count(10, 4).unwrap(), open, ..Settings::default() }
}

struct Driven {
    machine: Machine,
    settings: Settings,
    now: Timestamp,
    transitions: Vec<Transition>,
}

impl Driven {
    fn new(settings: Settings) -> Self {
        let now = Timestamp::from_nanos(3_600_000_000_000);
        Self { machine: Machine::new(&settings, 7), settings, now, transitions: Vec::new() }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    fn admit(&mut self) -> Admission {
        let (admission, transition) = self.machine.admit(&self.settings, self.now);
        self.transitions.extend(transition);
        admission
    }

    fn ticket(&mut self) -> Ticket {
        match self.admit() {
            Admission::Pass(ticket) => ticket,
            Admission::Reject(wait) => panic!("rejected for {wait:?}"),
        }
    }

    fn end(&mut self, ticket: Ticket, outcome: Outcome) {
        let ended = self.machine.ended(&self.settings, self.now, ticket, outcome, None);
        self.transitions.extend(ended);
    }

    fn call(&mut self, outcome: Outcome) {
        let ticket = self.ticket();
        self.end(ticket, outcome);
    }

    fn give_back(&mut self, ticket: Ticket) {
        self.transitions.extend(self.machine.given_back(&self.settings, self.now, ticket));
    }

    /// Opens a closed one, and tells for how long.
    fn open(&mut self) -> Duration {
        while self.machine.state() == State::Closed {
            self.call(Outcome::FAILURE);
        }
        self.open_for()
    }

    fn open_for(&self) -> Duration {
        self.transitions.last().unwrap().open_for.unwrap()
    }

    /// Lets the time pass for which it is open.
    fn half_open(&mut self) {
        let period = self.open_for();
        self.pass(period);
    }

    fn state(&self) -> State {
        self.machine.state()
    }
}

#[test]
fn it_opens_when_enough_calls_fail() {
    let mut breaker = Driven::new(settings());
    for _ in 0..2 {
        breaker.call(Outcome::SUCCESS);
    }
    breaker.call(Outcome::FAILURE);
    assert_eq!(breaker.state(), State::Closed, "three are not enough");
    breaker.call(Outcome::FAILURE);
    assert_eq!(breaker.state(), State::Open);
    let [transition] = breaker.transitions[..] else { panic!() };
    assert_eq!((transition.from, transition.to), (State::Closed, State::Open));
    assert_eq!(transition.cause, Cause::Failures);
    assert_eq!((transition.counts.calls, transition.counts.failures), (4, 2));
    assert_eq!(breaker.admit(), Admission::Reject(Some(Duration::from_secs(5))));
    breaker.pass(Duration::from_millis(4_999));
    assert_eq!(breaker.admit(), Admission::Reject(Some(Duration::from_millis(1))));
    breaker.pass(Duration::from_millis(1));
    breaker.ticket();
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn a_success_never_opens_it() {
    let mut breaker = Driven::new(settings());
    for outcome in [Outcome::FAILURE, Outcome::FAILURE, Outcome::FAILURE, Outcome::SUCCESS] {
        breaker.call(outcome);
    }
    assert_eq!(breaker.state(), State::Closed);
    breaker.call(Outcome::FAILURE);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn it_opens_when_enough_calls_are_slow() {
    let slow = Slow { from: Duration::from_secs(1), share: 0.8 };
    let mut breaker = Driven::new(Settings { slow: Some(slow), ..settings() });
    for outcome in [Outcome::SUCCESS, SLOW, SLOW, SLOW] {
        breaker.call(outcome);
    }
    assert_eq!(breaker.state(), State::Closed);
    breaker.call(SLOW);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.transitions[0].cause, Cause::SlowCalls);
    breaker.half_open();
    breaker.call(SLOW);
    breaker.call(SLOW);
    assert_eq!(breaker.state(), State::Open, "a probe that is slow has failed");
}

#[test]
fn the_open_time_doubles_until_it_has_stayed_closed() {
    let mut breaker = Driven::new(settings());
    let mut periods = vec![breaker.open().as_secs()];
    for _ in 0..5 {
        breaker.half_open();
        breaker.call(Outcome::FAILURE);
        breaker.call(Outcome::FAILURE);
        periods.push(breaker.open_for().as_secs());
    }
    assert_eq!(periods, [5, 10, 20, 40, 60, 60]);
    let close = |breaker: &mut Driven| {
        breaker.half_open();
        (0..4).for_each(|_| breaker.call(Outcome::SUCCESS));
        assert_eq!(breaker.state(), State::Closed);
    };
    close(&mut breaker);
    breaker.pass(Duration::from_millis(59_999));
    assert_eq!(breaker.open().as_secs(), 60, "it had not been closed for long");
    close(&mut breaker);
    breaker.pass(Duration::from_secs(60));
    assert_eq!(breaker.open().as_secs(), 5);
}

#[test]
fn an_answer_may_ask_for_more_time_up_to_the_longest() {
    for (asked, expected) in [(0, 5), (30, 30), (86_400, 60)] {
        let mut breaker = Driven::new(settings());
        (0..3).for_each(|_| breaker.call(Outcome::FAILURE));
        let (ticket, asked) = (breaker.ticket(), Some(Duration::from_secs(asked)));
        let Driven { machine, settings, now, .. } = &mut breaker;
        let transition = machine.ended(settings, *now, ticket, Outcome::FAILURE, asked).unwrap();
        assert_eq!(transition.open_for, Some(Duration::from_secs(expected)));
    }
}

#[test]
fn chance_is_that_of_the_seed() {
    let settings = Settings { open: Settings::default().open, ..settings() };
    let period = || Driven::new(settings).open();
    assert_eq!(period(), period());
    assert!((4_000..=6_000).contains(&period().as_millis()), "{:?}", period());
    assert_ne!(period().as_millis(), 5_000);
}

#[test]
fn three_probes_at_once_and_four_of_five_close_it() {
    let mut breaker = Driven::new(settings());
    breaker.open();
    breaker.half_open();
    let probes: Vec<_> = (0..3).map(|_| breaker.ticket()).collect();
    assert_eq!(breaker.admit(), Admission::Reject(Some(WHILE_PROBING)));
    breaker.end(probes[0], Outcome::SUCCESS);
    breaker.end(probes[1], Outcome::FAILURE);
    let more = [breaker.ticket(), breaker.ticket()];
    assert!(matches!(breaker.admit(), Admission::Reject(_)), "five are begun");
    breaker.end(probes[2], Outcome::SUCCESS);
    assert!(matches!(breaker.admit(), Admission::Reject(_)), "five are begun");
    breaker.end(more[0], Outcome::SUCCESS);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.end(more[1], Outcome::SUCCESS);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.machine.counts(breaker.now), Counts::default(), "with an empty window");
}

#[test]
fn it_opens_again_as_soon_as_four_cannot_succeed_any_more() {
    let mut breaker = Driven::new(settings());
    breaker.open();
    breaker.half_open();
    let probes: Vec<_> = (0..3).map(|_| breaker.ticket()).collect();
    breaker.end(probes[1], Outcome::FAILURE);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.end(probes[0], Outcome::FAILURE);
    assert_eq!((breaker.state(), breaker.open_for().as_secs()), (State::Open, 10));
    breaker.end(probes[2], Outcome::SUCCESS);
    assert_eq!(breaker.state(), State::Open, "too late");
}

#[test]
fn what_is_told_of_an_older_state_does_not_count() {
    let mut breaker = Driven::new(settings());
    let old: Vec<_> = (0..20).map(|_| breaker.ticket()).collect();
    breaker.open();
    breaker.half_open();
    let probe = breaker.ticket();
    old[..10].iter().for_each(|ticket| breaker.end(*ticket, Outcome::FAILURE));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.end(probe, Outcome::SUCCESS);
    breaker.end(probe, Outcome::SUCCESS);
    (0..2).for_each(|_| breaker.call(Outcome::SUCCESS));
    assert_eq!(breaker.state(), State::HalfOpen, "one probe counts once");
    breaker.call(Outcome::SUCCESS);
    assert_eq!(breaker.state(), State::Closed);
    old[10..].iter().for_each(|ticket| breaker.end(*ticket, Outcome::FAILURE));
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.machine.counts(breaker.now), Counts::default());
}

#[test]
fn a_probe_without_an_answer_reopens_it() {
    let mut breaker = Driven::new(settings());
    breaker.open();
    breaker.half_open();
    let probe = breaker.ticket();
    breaker.pass(Duration::from_millis(9_999));
    breaker.ticket();
    breaker.pass(Duration::from_millis(1));
    assert_eq!(breaker.admit(), Admission::Reject(Some(Duration::from_secs(10))));
    assert_eq!(breaker.transitions.last().unwrap().cause, Cause::ProbeTimeout);
    breaker.half_open();
    breaker.end(probe, Outcome::SUCCESS);
    // The same if it is the probe itself that comes too late, or gives up.
    for late in [Driven::give_back, |breaker: &mut Driven, probe| {
        breaker.end(probe, Outcome::SUCCESS);
    }] {
        let probe = breaker.ticket();
        breaker.pass(Duration::from_secs(10));
        late(&mut breaker, probe);
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.transitions.last().unwrap().cause, Cause::ProbeTimeout);
        breaker.half_open();
    }
}

#[test]
fn a_stream_that_goes_on_has_succeeded() {
    let mut breaker = Driven::new(settings());
    breaker.open();
    breaker.half_open();
    for _ in 0..3 {
        let stream = breaker.ticket();
        breaker.machine.answered(stream);
    }
    breaker.pass(Duration::from_secs(10));
    let stream = breaker.ticket();
    breaker.machine.answered(stream);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.pass(Duration::from_secs(10));
    breaker.ticket();
    assert_eq!(breaker.state(), State::Closed);
    breaker.end(stream, Outcome::FAILURE);
    assert_eq!(breaker.machine.counts(breaker.now).calls, 0, "it was of the older state");
}

#[test]
fn a_probe_that_is_given_up_makes_room_for_another() {
    let mut breaker = Driven::new(settings());
    breaker.open();
    breaker.half_open();
    for _ in 0..100 {
        let probes: Vec<_> = (0..3).map(|_| breaker.ticket()).collect();
        assert!(matches!(breaker.admit(), Admission::Reject(_)));
        probes.into_iter().for_each(|probe| breaker.give_back(probe));
    }
    assert_eq!(breaker.state(), State::HalfOpen);
    (0..4).for_each(|_| breaker.call(Outcome::SUCCESS));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn what_is_forced_stays_until_it_is_reset() {
    let mut breaker = Driven::new(settings());
    assert!(breaker.machine.force(true, breaker.now).is_some());
    assert!(breaker.machine.force(true, breaker.now).is_none(), "it is open already");
    breaker.pass(Duration::from_secs(1_000_000));
    assert_eq!(breaker.admit(), Admission::Reject(None));
    assert!(breaker.machine.force(false, breaker.now).is_some());
    (0..20).for_each(|_| breaker.call(Outcome::FAILURE));
    assert_eq!(
        (breaker.state(), breaker.machine.counts(breaker.now).failures),
        (State::Closed, 10)
    );
    assert!(breaker.machine.reset(breaker.now).is_none(), "it is closed already");
    assert_eq!(breaker.machine.counts(breaker.now).failures, 0);
    assert_eq!(breaker.open().as_secs(), 5);
}

/// What may happen to a machine.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Admit,
    /// The call at this place of those under way, modulo their number.
    End(usize, bool, bool, Option<u64>),
    Answered(usize),
    GiveBack(usize),
    Force(bool),
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0_u64..20_000).prop_map(Step::Pass),
        8 => Just(Step::Admit),
        6 => (any::<usize>(), any::<bool>(), prop::bool::weighted(0.1), prop::option::weighted(0.1, 0_u64..100))
            .prop_map(|(at, failed, slow, asked)| Step::End(at, failed, slow, asked)),
        1 => any::<usize>().prop_map(Step::Answered),
        2 => any::<usize>().prop_map(Step::GiveBack),
        1 => prop::bool::weighted(0.5).prop_map(Step::Force),
        1 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Whatever happens: never more probes than there may be, nothing of an older generation counts, and every state is left
    /// only for its reasons.
    #[test]
    fn the_machine_keeps_its_word(steps in steps(), jitter in 0.0..=1.0, forcing in any::<bool>()) {
        let slow = Slow { from: Duration::from_secs(1), share: 0.8 };
        let open = OpenTime { jitter, ..Settings::default().open };
        let settings = Settings { slow: Some(slow), open, ..settings() };
        let mut breaker = Driven::new(settings);
        let (probing, longest) = (settings.probing, settings.open.longest);
        let mut under_way: Vec<Ticket> = Vec::new();
        for step in steps {
            let before = (breaker.state(), breaker.machine.generation());
            let counts = breaker.machine.window.total();
            let told = breaker.transitions.len();
            match step {
                Step::Pass(millis) => breaker.pass(Duration::from_millis(millis)),
                Step::Admit => match breaker.admit() {
                    Admission::Pass(ticket) => {
                        prop_assert_ne!(breaker.state(), State::Open);
                        prop_assert_eq!(ticket.probe != 0, breaker.state() == State::HalfOpen);
                        prop_assert_eq!(ticket.generation, breaker.machine.generation());
                        under_way.push(ticket);
                    }
                    Admission::Reject(wait) => {
                        prop_assert_ne!(breaker.state(), State::Closed);
                        prop_assert!(wait.is_none_or(|wait| !wait.is_zero() && wait <= longest));
                        prop_assert!(wait.is_some() || breaker.machine.is_forced());
                    }
                },
                Step::End(at, failed, slow, asked) if !under_way.is_empty() => {
                    let ticket = under_way.swap_remove(at % under_way.len());
                    let asked = asked.map(Duration::from_secs);
                    let Driven { machine, settings, now, transitions } = &mut breaker;
                    let outcome = Outcome { failed, slow };
                    let ended = machine.ended(settings, *now, ticket, outcome, asked);
                    transitions.extend(ended);
                    if ticket.generation != before.1 {
                        let expired = ended.is_some_and(|ended| {
                            ended.from == State::HalfOpen && ended.cause != Cause::Handle
                        });
                        prop_assert!(expired || ended.is_none());
                        prop_assert!(expired || machine.window.total() == counts);
                    }
                }
                Step::Answered(at) if !under_way.is_empty() => {
                    breaker.machine.answered(under_way[at % under_way.len()]);
                }
                Step::GiveBack(at) if !under_way.is_empty() => {
                    let ticket = under_way.swap_remove(at % under_way.len());
                    breaker.give_back(ticket);
                }
                Step::Force(open) if forcing => {
                    let forced = breaker.machine.force(open, breaker.now);
                    breaker.transitions.extend(forced);
                }
                Step::Reset if forcing => {
                    let reset = breaker.machine.reset(breaker.now);
                    breaker.transitions.extend(reset);
                }
                _ => {}
            }
            let generation = breaker.machine.generation();
            let of_now = under_way.iter().filter(|ticket| ticket.generation == generation);
            if let Phase::HalfOpen(probes) = &breaker.machine.phase {
                prop_assert!(probes.under_way() <= probing.at_once as usize);
                prop_assert!(probes.under_way() <= of_now.count());
                prop_assert_eq!(probes.verdict(&probing), None);
            }
            let told = &breaker.transitions[told..];
            prop_assert!(told.len() <= 1, "one thing happens at a time");
            prop_assert_eq!(told.is_empty(), breaker.state() == before.0);
            for transition in told {
                prop_assert_eq!((transition.from, transition.to), (before.0, breaker.state()));
                prop_assert_eq!(transition.generation, generation);
                let Transition { from, to, cause, open_for, counts, .. } = *transition;
                match (from, to) {
                    _ if cause == Cause::Handle => prop_assert!(forcing),
                    (State::Closed, State::Open) => {
                        prop_assert!(counts.calls >= settings.window.minimum);
                        prop_assert!(counts.failure_share() >= 0.5 || counts.slow_share() >= 0.8);
                    }
                    (State::Open, State::HalfOpen) => prop_assert_eq!(cause, Cause::Elapsed),
                    (State::HalfOpen, State::Open) => {
                        prop_assert!(matches!(cause, Cause::Probes | Cause::ProbeTimeout));
                    }
                    (State::HalfOpen, State::Closed) => prop_assert_eq!(cause, Cause::Probes),
                    _ => prop_assert!(false, "from {from} to {to}"),
                }
                if to == State::Open && cause != Cause::Handle {
                    let open_for = open_for.unwrap();
                    prop_assert!(open_for <= longest);
                    prop_assert!(open_for >= settings.open.first.mul_f64(1.0 - jitter));
                }
            }
        }
    }
}
