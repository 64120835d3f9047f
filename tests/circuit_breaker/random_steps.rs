//! Many calls that end as chance has it, seen from outside.

use tower_weir::verdict::Verdict;

use super::{random::Random, *};

const PROBES: usize = 3;

/// Drives a layer by a seed, with calls that overlap, are given up, come late and panic.
fn drive(seed: u64) -> [usize; 3] {
    let mut random = Random::new(seed);
    let layer =
        CircuitBreakerLayer::new(breaker().jitter(0.2).unwrap().seed(seed)).classify(|answer| {
            if answer.status == 418 { Verdict::Ignored } else { Verdict::of(answer) }
        });
    let broken = Broken::new(layer);
    let handle = broken.handle();
    // With the number of changes that there had been.
    let mut under_way: Vec<(UnderWay, usize)> = Vec::new();
    let (mut state, mut changes, mut seen) = (State::Closed, 0, [0; 3]);
    // Of the half-open time that it is: how many ended well and badly.
    let (mut good, mut bad) = (0, 0);
    let mut ill = false;
    for step in 0..2_000 {
        if step % 200 == 0 {
            ill = random.below(2) == 0;
        }
        let before = handle.counts();
        let mut old = false;
        match random.below(12) {
            0 => broken.hand.advance(Duration::from_millis(random.below(4_000))),
            1..=6 => match broken.begin() {
                Some(call) => {
                    if handle.state() != state {
                        changes += 1;
                    }
                    under_way.push((call, changes));
                }
                None => assert_ne!(handle.state(), State::Closed),
            },
            7 if !under_way.is_empty() => {
                let at = random.below(under_way.len() as u64) as usize;
                drop(under_way.swap_remove(at));
            }
            _ if !under_way.is_empty() => {
                let at = random.below(under_way.len() as u64) as usize;
                let (call, of) = under_way.swap_remove(at);
                let fails = random.below(100) < if ill { 80 } else { 10 };
                let ignored = random.below(20) == 0;
                call.end(if ignored {
                    418
                } else if fails {
                    500
                } else {
                    200
                });
                old = of != changes;
                if !old && !ignored && state == State::HalfOpen {
                    (good, bad) = if fails { (good, bad + 1) } else { (good + 1, bad) };
                }
            }
            _ => {}
        }
        let now = handle.state();
        if old && now == state {
            assert_eq!(handle.counts(), before, "it was of an older state");
        }
        match (state, now) {
            (State::Closed, State::Open) => {
                assert!(!old && before.calls >= 3 && before.failures >= 1, "{before:?}");
            }
            (State::Open, State::HalfOpen) => (good, bad) = (0, 0),
            (State::HalfOpen, State::Closed) => assert_eq!(good, 4),
            (State::HalfOpen, State::Open) => assert!(bad == 2 || good + bad < 5, "{good} {bad}"),
            (before, now) => assert_eq!(before, now),
        }
        if now != state {
            seen[now as usize] += 1;
            // One that begins is counted where it is begun.
            if now != State::HalfOpen {
                changes += 1;
            }
            state = now;
        }
        let probes = under_way.iter().filter(|(_, of)| *of == changes).count();
        assert!(state != State::HalfOpen || probes <= PROBES, "{probes} at once");
    }
    seen
}

#[test]
fn whatever_happens_the_rules_hold() {
    let mut seen = [0; 3];
    for seed in 0..40 {
        let of_seed = drive(seed);
        seen = std::array::from_fn(|at| seen[at] + of_seed[at]);
    }
    assert!(seen.iter().all(|times| *times > 50), "{seen:?}");
}
