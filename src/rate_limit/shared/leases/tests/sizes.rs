//! How much is bought at once.

use super::super::{
    lease::{Lease, pause},
    settings::Leases,
};
use crate::{
    clock::Timestamp,
    rate_limit::{Gcra, Quota, decision::Standing, shared::answer::Gcras},
};

const PLENTY: Quota = Quota::per_second(1_000_000).burst(1_000_000);

fn at(micros: u64) -> Timestamp {
    Timestamp::from_nanos((1 << 40) + micros * 1_000)
}

/// Spends one cell each so many microseconds, and buys when there are none: the sizes of what it bought.
fn sizes(every: u64, purchases: usize) -> Vec<u32> {
    let (leases, gcra) = (Leases::new(), Gcra::new(PLENTY));
    let mut lease = Lease::default();
    lease.change(at(0), &Gcras::from_iter([gcra]));
    let mut bought = Vec::new();
    let mut time = 0;
    while bought.len() < purchases {
        lease.expire(at(time), &leases);
        if !lease.spend(1) {
            let want = lease.want(at(time), 1, &leases);
            lease.asks(at(time));
            lease.credit(at(time), want, &[Standing::passed(gcra, 0)]);
            assert!(lease.spend(1));
            lease.asks(at(time));
            bought.push(want);
        }
        time += every;
    }
    bought
}

#[test]
fn a_cold_key_buys_nothing_ahead() {
    assert_eq!(sizes(1_000_000, 5), [1; 5]);
    assert_eq!(sizes(26_000, 5), [1; 5]);
}

#[test]
fn a_hot_key_soon_buys_what_it_spends_in_half_the_lease_time() {
    assert_eq!(sizes(100, 8), [1, 4, 16, 64, 256, 500, 500, 500]);
    assert_eq!(sizes(10_000, 6), [1, 4, 5, 5, 5, 5]);
}

#[test]
fn no_more_is_bought_than_may_be() {
    assert_eq!(sizes(1, 9).last(), Some(&10_000));
    let few = Leases::new().max_cells(50).unwrap();
    let mut lease = Lease::default();
    lease.asks(at(0));
    assert_eq!(lease.want(at(1), 300, &few), 300, "those who wait need more");
    assert_eq!(lease.want(at(1), 30, &few), 50);
}

#[test]
fn only_a_hot_key_buys_before_it_needs_to() {
    let (leases, gcra) = (Leases::new(), Gcra::new(PLENTY));
    let low = |bought: u32, spent: u32, micros: u64| {
        let mut lease = Lease::default();
        lease.asks(at(0));
        lease.credit(at(0), bought, &[Standing::passed(gcra, 0)]);
        assert!(lease.spend(spent));
        lease.runs_low(at(micros), &leases)
    };
    assert!(!low(100, 75, 40_000));
    assert!(low(100, 76, 40_000));
    assert!(!low(7, 7, 1_000), "so few are not worth it");
    assert!(!low(16, 13, 90_000), "it has grown cold");
}

#[test]
fn a_key_at_its_limit_does_not_ask_for_each_cell_that_comes_back() {
    let leases = Leases::new();
    let fast = Gcra::new(Quota::per_second(1_000).burst(1_000));
    let full =
        |gcra: Gcra| [Standing::refused(gcra, at(1_000).as_nanos() + gcra.tolerance, Some(1))];
    let (policy, tat) = pause(at(0), at(1_000), 0, &full(fast), &leases).unwrap();
    // One more would pass a quarter of the lease time after the store was asked.
    assert_eq!((policy, tat + fast.interval - fast.tolerance), (0, at(25_000).as_nanos()));
    assert!(pause(at(0), at(1_000), 25, &full(fast), &leases).is_some());
    assert!(pause(at(0), at(1_000), 26, &full(fast), &leases).is_none(), "there was more");
    let slow = Gcra::new(Quota::per_second(30).burst(100));
    assert!(
        pause(at(0), at(1_000), 0, &full(slow), &leases).is_none(),
        "no cell comes back so soon"
    );
    let small = Gcra::new(Quota::per_second(1_000).burst(20));
    let (_, tat) = pause(at(0), at(1_000), 0, &full(small), &leases).unwrap();
    assert_eq!(tat + small.interval - small.tolerance, at(5_000).as_nanos(), "no burst is lost");
}
