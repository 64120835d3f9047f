//! How much leases add to a burst.

use proptest::{collection::vec, prelude::*};

use super::super::{
    lease::{Lease, Unspent},
    settings::Leases,
};
use crate::{
    clock::Timestamp,
    rate_limit::{Gcra, Quota, decision::Standing, shared::answer::Gcras},
};

/// A store, and processes that lease from it. Times are in nanoseconds.
struct World {
    now: u64,
    gcra: Gcra,
    debt: u64,
    leases: Leases,
    processes: Vec<Lease>,
    bought: u64,
    returned: u64,
    /// When cells were spent, and how many.
    spent: Vec<(u64, u64)>,
}

#[derive(Clone, Debug)]
enum Step {
    /// In thousandths of the lease time.
    Pass(u64),
    Buy(usize, u32),
    Spend(usize, u32),
    Sweep(usize),
    End(usize),
}

impl World {
    fn new(quota: Quota, processes: usize) -> Self {
        let gcra = Gcra::new(quota);
        let lease = || {
            let mut lease = Lease::default();
            lease.change(Timestamp::from_nanos(0), &Gcras::from_iter([gcra]));
            lease
        };
        Self {
            now: 1 << 40,
            gcra,
            debt: 0,
            leases: Leases::new(),
            processes: (0..processes).map(|_| lease()).collect(),
            bought: 0,
            returned: 0,
            spent: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    fn step(&mut self, step: &Step) {
        let now = self.now();
        let processes = self.processes.len();
        match *step {
            Step::Pass(thousandths) => {
                let time = self.leases.time / 1_000 * thousandths;
                self.now += time;
                self.debt = self.debt.saturating_sub(time);
            }
            Step::Buy(process, most) => {
                let available = (self.gcra.tolerance - self.debt) / self.gcra.interval;
                let most = u64::from(most);
                let granted = if available < most { available / 2 } else { most };
                if granted > 0 {
                    self.debt += granted * self.gcra.interval;
                    self.bought += granted;
                    let told = Standing::passed(self.gcra, self.now + self.debt);
                    self.processes[process % processes].credit(now, granted as u32, &[told]);
                }
            }
            Step::Spend(process, cost) => {
                let lease = &mut self.processes[process % processes];
                let over = lease.expire(now, &self.leases);
                if lease.spend(cost) {
                    self.spent.push((self.now, cost.into()));
                }
                self.take_back(over);
            }
            Step::Sweep(process) => {
                let over = self.processes[process % processes].expire(now, &self.leases);
                self.take_back(over);
            }
            Step::End(process) => {
                let all = self.processes[process % processes].end(now);
                self.take_back(all);
            }
        }
    }

    fn take_back(&mut self, unspent: Option<Unspent>) {
        let Some(Unspent { cells, paid, .. }) = unspent else { return };
        self.returned += u64::from(cells);
        let back = u64::from(cells) * self.gcra.interval - paid[0];
        self.debt = self.debt.saturating_sub(back);
    }

    /// By how many nanoseconds' worth of cells what was spent in some time is more than a burst and what came back in that
    /// time.
    fn excess(&self) -> u64 {
        let mut worst = 0;
        for (at, &(from, _)) in self.spent.iter().enumerate() {
            let mut sum = 0;
            for &(to, cells) in &self.spent[at..] {
                sum += cells * self.gcra.interval;
                worst = worst.max(sum.saturating_sub(self.gcra.tolerance + to - from));
            }
        }
        worst
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..1_200_u64).prop_map(Step::Pass),
        (0..4_usize, 1..400_u32).prop_map(|(process, most)| Step::Buy(process, most)),
        (0..4_usize, 1..60_u32).prop_map(|(process, cost)| Step::Spend(process, cost)),
        (0..4_usize).prop_map(Step::Sweep),
        (0..4_usize).prop_map(Step::End),
    ]
}

fn quota() -> impl Strategy<Value = Quota> {
    (1..3_000_u32, 1..1_000_u32).prop_map(|(rate, burst)| Quota::per_second(rate).burst(burst))
}

proptest! {
    #[test]
    fn each_lease_adds_at_most_what_came_back_while_it_was_held(
        quota in quota(),
        processes in 1..4_usize,
        steps in vec(step(), 1..300),
    ) {
        let mut world = World::new(quota, processes);
        for step in &steps {
            world.step(step);
        }
        let bound = processes as u64 * 2 * world.leases.time;
        prop_assert!(world.excess() <= bound, "{} > {bound}", world.excess());
    }

    #[test]
    fn every_cell_that_is_bought_is_spent_or_returned_or_held(
        quota in quota(),
        steps in vec(step(), 1..300),
    ) {
        let mut world = World::new(quota, 3);
        for step in &steps {
            world.step(step);
            let held: u64 = world.processes.iter().map(|lease| u64::from(lease.cells())).sum();
            let spent: u64 = world.spent.iter().map(|(_, cells)| cells).sum();
            prop_assert_eq!(world.bought, spent + world.returned + held);
        }
    }
}

/// Two processes that hold cells in turn, and spend none, for long.
#[test]
fn cells_that_are_held_and_returned_for_long_make_no_second_burst() {
    let mut world = World::new(Quota::per_second(1_000).burst(1_000), 2);
    for turn in 0..100 {
        world.step(&Step::Pass(500));
        world.step(&Step::Buy(turn, 500));
        world.step(&Step::Pass(500));
        world.step(&Step::Sweep(turn + 1));
    }
    for process in 0..2 {
        world.step(&Step::Buy(process, 1_000));
        world.step(&Step::Buy(process, 1_000));
        let held = world.processes[process].cells();
        world.step(&Step::Spend(process, held));
    }
    let time = world.leases.time;
    assert!(world.excess() <= 2 * time, "{} ms", world.excess() / 1_000_000);
}

#[test]
fn what_time_has_paid_off_is_told_for_each_policy() {
    let slow = Gcra::new(Quota::per_hour(100));
    let fast = Gcra::new(Quota::per_second(10_000));
    let mut lease = Lease::default();
    let at = |millis: u64| Timestamp::from_nanos((1 << 40) + millis * 1_000_000);
    lease.change(at(0), &Gcras::from_iter([slow, fast]));
    lease.credit(at(0), 90, &[Standing::passed(slow, 0), Standing::passed(fast, 0)]);
    assert!(lease.spend(10));
    assert_eq!(lease.expire(at(99), &Leases::new()), None);
    let unspent = lease.end(at(30)).unwrap();
    // Eighty cells at 10,000 a second are 8 ms.
    assert_eq!((unspent.cells, &unspent.paid[..]), (80, &[30_000_000, 8_000_000][..]));
    assert_eq!(lease.end(at(30)), None);
}
