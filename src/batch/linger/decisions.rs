//! What [`Adaptive`] decides in situations that one can name.

use std::time::Duration;

use super::{Adaptive, Forming, Linger};
use crate::clock::Timestamp;

const MAX_SIZE: usize = 64;
const CALL: Duration = Duration::from_millis(5);

fn at(micros: u64) -> Timestamp {
    Timestamp::from_nanos(1_000 * micros)
}

/// One of `size` items that began to form at `since`, and would take the last call.
fn forming(size: usize, since: u64) -> Forming {
    let mut forming = Forming::new(MAX_SIZE, at(since));
    forming.size = size;
    forming
}

/// One call may be made at a time, which takes 5 ms, and items come 20 at a time, 40 µs apart.
fn used_to_bursts() -> Adaptive {
    let mut linger = Adaptive::default();
    for from in (1..30).map(|nth| 50_000 * nth) {
        for nth in 0..20 {
            linger.arrived(at(from + 40 * nth));
            if nth == 0 {
                linger.until(&forming(1, from), at(from));
                linger.sent(1, at(from));
            }
        }
        linger.ended(1, CALL);
        linger.sent(19, at(from + 5_000));
        linger.ended(19, CALL);
    }
    linger
}

/// What it says of a batch that has begun to form at 10 s, of one item.
fn said(linger: &mut Adaptive, forming: &Forming) -> Duration {
    let now = at(10_000_000);
    linger.arrived(now);
    linger.until(forming, now).saturating_since(now)
}

#[test]
fn leaves_at_once_as_long_as_nothing_is_known() {
    let mut linger = Adaptive::default();
    (0..50).for_each(|nth| linger.arrived(at(10 * nth)));
    assert_eq!(linger.until(&forming(1, 500), at(500)), at(500));
    assert_eq!(linger.takes(1), None);
}

#[test]
fn waits_for_the_rest_of_a_burst_and_no_longer() {
    let mut linger = used_to_bursts();
    let since = 10_000_000;
    let waits = said(&mut linger, &forming(1, since));
    assert!(
        Duration::from_micros(760) <= waits && waits <= Duration::from_micros(1_250),
        "{waits:?}"
    );
    for nth in 1..20 {
        let now = at(since + 40 * nth);
        linger.arrived(now);
        let until = linger.until(&forming(1 + nth as usize, since), now);
        assert_eq!(until <= now, nth == 19, "all have come but {}", 19 - nth);
    }
}

#[test]
fn leaves_at_once_if_the_next_can_leave_too() {
    let mut two = forming(1, 10_000_000);
    two.idle = 2;
    assert_eq!(said(&mut used_to_bursts(), &two), Duration::ZERO);
}

#[test]
fn leaves_when_another_call_ends_meanwhile() {
    let mut linger = used_to_bursts();
    assert!(said(&mut linger, &forming(1, 10_000_000)) > Duration::ZERO);
    let mut two = forming(2, 10_000_000);
    two.idle = 2;
    let now = at(10_000_100);
    assert_eq!(linger.until(&two, now), now);
}

#[test]
fn does_not_wait_when_items_cost_what_they_cost_together_or_not() {
    let mut linger = used_to_bursts();
    (0..400).for_each(|nth| linger.ended(1 + nth % 20, Duration::from_millis(1 + nth as u64 % 20)));
    assert_eq!(said(&mut linger, &forming(1, 10_000_000)), Duration::ZERO);
}

#[test]
fn of_many_partitions_each_gets_its_share() {
    let mut one_of_many = forming(1, 10_000_000);
    one_of_many.partitions = 2;
    let mut linger = used_to_bursts();
    assert!(said(&mut linger, &one_of_many) > Duration::ZERO);
    let (since, now) = (10_000_000, at(10_000_400));
    (0..10).for_each(|_| linger.arrived(now));
    let mut filled = forming(11, since);
    filled.partitions = 2;
    assert_eq!(linger.until(&filled, now), now, "half of those who come are others'");
    one_of_many.partitions = 40;
    assert_eq!(said(&mut used_to_bursts(), &one_of_many), Duration::ZERO);
}

#[test]
fn a_batch_that_has_waited_for_a_call_to_end_may_wait_for_who_gets_their_answers_now() {
    let mut linger = Adaptive::default();
    // Of 20 who share one call at a time, one comes too late for the others, who return when it is answered.
    for from in (1..60).map(|nth| 6_000 * nth) {
        linger.ended(19, CALL);
        linger.until(&forming(1, from - 4_900), at(from));
        linger.sent(1, at(from));
        (1..20).for_each(|nth| linger.arrived(at(from + 10 * nth)));
    }
    let (since, now) = (594_000, 600_000);
    linger.ended(19, CALL);
    let until = linger.until(&forming(1, since), at(now));
    assert!(until > at(now), "though the first has waited for longer than the cap");
}
