//! What holds for [`Adaptive`] whatever happens.

use std::time::Duration;

use proptest::prelude::*;

use super::{Adaptive, Forming, Linger};
use crate::clock::Timestamp;

const CAP: Duration = Duration::from_millis(5);
const MAX_SIZE: usize = 64;

/// What a linger is told or asked.
#[derive(Clone, Debug)]
enum Event {
    Arrived,
    Sent,
    Ended {
        size: usize,
        took: u64,
    },
    /// About a batch whose first item came so long ago, or will come, by a clock that went backwards.
    Asked {
        size: usize,
        ago: i64,
        idle: usize,
        partitions: usize,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let asked = (1..MAX_SIZE, -2_000_000..20_000_000_i64, 1..3_usize, 1..4_usize);
    prop_oneof![
        3 => Just(Event::Arrived),
        1 => Just(Event::Sent),
        1 => (0..200_usize, prop_oneof![0..20_000_000_u64, Just(10_000_000_000), Just(u64::MAX)])
            .prop_map(|(size, took)| Event::Ended { size, took }),
        3 => asked.prop_map(|(size, ago, idle, partitions)| Event::Asked { size, ago, idle, partitions }),
    ]
}

/// What happens, and how many nanoseconds after what was before; now and then the clock goes backwards.
fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let pause =
        prop_oneof![8 => 0..200_000_i64, 2 => 0..50_000_000_i64, 1 => -3_000_000_000..0_i64];
    prop::collection::vec((pause, event()), 1..120)
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos.max(0) as u64)
}

/// Plays the events; what was asked, when, and what was said.
fn play(linger: &mut Adaptive, events: &[(i64, Event)]) -> Vec<(Forming, Timestamp, Timestamp)> {
    let mut nanos = 3_600_000_000_000;
    let mut said = Vec::new();
    for (pause, event) in events {
        nanos += pause;
        let now = at(nanos);
        match *event {
            Event::Arrived => linger.arrived(now),
            Event::Sent => linger.sent(1, now),
            Event::Ended { size, took } => linger.ended(size, Duration::from_nanos(took)),
            Event::Asked { size, ago, idle, partitions } => {
                let mut forming = Forming::new(MAX_SIZE, at(nanos - ago));
                forming.size = size;
                forming.idle = idle;
                forming.partitions = partitions;
                said.push((forming, now, linger.until(&forming, now)));
            }
        }
    }
    said
}

proptest! {
    #[test]
    fn a_batch_that_could_leave_waits_no_longer_than_the_cap(events in events()) {
        for (forming, now, until) in play(&mut Adaptive::new(CAP), &events) {
            prop_assert!(until <= now.saturating_add(CAP), "{forming:?} {until:?}");
        }
    }

    #[test]
    fn a_batch_leaves_at_once_if_another_call_could_begin_besides(events in events()) {
        for (forming, now, until) in play(&mut Adaptive::new(CAP), &events) {
            prop_assert!(forming.idle < 2 || until <= now, "{forming:?} {until:?}");
        }
    }

    #[test]
    fn equal_events_get_equal_answers(events in events()) {
        prop_assert_eq!(play(&mut Adaptive::new(CAP), &events), play(&mut Adaptive::new(CAP), &events));
    }

    #[test]
    fn whatever_has_happened_items_with_pauses_between_them_are_not_kept_soon(events in events()) {
        let mut linger = Adaptive::new(CAP);
        play(&mut linger, &events);
        for nth in 1..60 {
            let now = at(7_200_000_000_000 + 100_000_000 * nth);
            linger.arrived(now);
            let until = linger.until(&Forming::new(MAX_SIZE, now), now);
            prop_assert!(nth < 40 || until <= now, "the {nth}th waits until {until:?} at {now:?}");
            linger.sent(1, now);
            linger.ended(1, Duration::from_millis(5));
        }
    }
}
