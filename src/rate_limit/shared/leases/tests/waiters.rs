//! Whoever waits is told.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::super::{
    leased::{Purchase, State, Told},
    settings::Leases,
};
use crate::{
    clock::Timestamp,
    rate_limit::{
        Gcra, Quota,
        shared::{Outcome, SharedStoreError, answer::Gcras, store::Standing},
    },
};

#[derive(Clone, Debug)]
enum Step {
    Come(u32),
    Leave(usize),
    /// The store grants a part of what is asked for: so many hundredths, but at least the least.
    Grant(u32),
    Refuse,
    Fail,
    AnswerStrangely,
    Abandon,
}

/// A key of one policy, and whoever has come, with what they cost.
struct World {
    now: u64,
    gcra: Gcra,
    state: State,
    purchase: Option<Purchase>,
    /// For whom that is, at least.
    first: Option<usize>,
    come: Vec<(u32, Option<Receiver<Told>>)>,
    granted: u64,
    /// By those who did not have to wait.
    spent: u64,
    passed: u64,
}

impl World {
    fn new() -> Self {
        let gcra = Gcra::new(Quota::per_second(1_000).burst(100));
        let mut state = State::default();
        state.lease.change(Timestamp::from_nanos(0), &Gcras::from_iter([gcra]));
        let now = 1 << 40;
        let (granted, spent, passed) = (0, 0, 0);
        let (purchase, first, come) = (None, None, Vec::new());
        Self { now, gcra, state, purchase, first, come, granted, spent, passed }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    fn go_on(&mut self) {
        self.purchase = self.state.purchase(self.now(), false, &Leases::new());
        self.first = self.come.iter().position(|(_, told)| told.is_some());
    }

    fn answer(&mut self, granted: u32, standing: Standing) {
        let Some(purchase) = self.purchase.take() else { return };
        let outcome = Outcome { granted, standings: [standing].into() };
        match self.state.hear(self.now(), &purchase, &outcome, &Leases::new()) {
            Ok(bought) => {
                self.granted += u64::from(bought.cells);
                self.settle();
                let told = self.first.is_none_or(|first| self.come[first].1.is_none());
                assert!(told, "an answer tells whom it was asked for");
                self.go_on();
            }
            Err(error) => self.state.fail(&Arc::new(error)),
        }
    }

    /// Takes down what those who waited were told.
    fn settle(&mut self) {
        for (cost, told) in &mut self.come {
            let Some(receiver) = told else { continue };
            match receiver.try_recv() {
                Err(TryRecvError::Empty) => continue,
                Ok(Ok(decision)) if decision.refused_by.is_none() => {
                    self.passed += u64::from(*cost);
                }
                Ok(_) | Err(TryRecvError::Closed) => {}
            }
            *told = None;
        }
    }

    fn step(&mut self, step: &Step) {
        self.now += 100_000;
        let passed = Standing { retry: 0, reset: 50_000_000 };
        match *step {
            Step::Come(cost) => {
                if self.state.lease.spend(cost) {
                    self.spent += u64::from(cost);
                    return;
                }
                self.come.push((cost, Some(self.state.wait(cost))));
                if !self.state.buying {
                    self.state.buying = true;
                    self.go_on();
                }
            }
            Step::Leave(at) => {
                if let Some((_, told)) = self.come.get_mut(at) {
                    *told = None;
                }
            }
            Step::Grant(hundredths) => {
                let Some(Purchase { least, most, .. }) = self.purchase else { return };
                let part = u64::from(most) * u64::from(hundredths) / 100;
                self.answer((part as u32).max(least), passed);
            }
            Step::Refuse => {
                let reset = self.gcra.tolerance;
                let refused = Standing { retry: 1_000_000, reset };
                self.answer(0, refused);
            }
            Step::AnswerStrangely => self.answer(0, passed),
            Step::Fail => {
                if self.purchase.take().is_some() {
                    self.state.fail(&Arc::new(SharedStoreError::TimedOut));
                }
            }
            Step::Abandon => {
                if self.purchase.take().is_some() {
                    self.state.abandon();
                }
            }
        }
        self.settle();
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..12_u32).prop_map(Step::Come),
        2 => (0..60_usize).prop_map(Step::Leave),
        4 => (0..=100_u32).prop_map(Step::Grant),
        2 => Just(Step::Refuse),
        1 => Just(Step::Fail),
        1 => Just(Step::AnswerStrangely),
        1 => Just(Step::Abandon),
    ]
}

proptest! {
    #[test]
    fn nobody_waits_for_a_purchase_that_nobody_makes(steps in vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            prop_assert_eq!(world.state.buying, world.purchase.is_some());
            let waits = world.come.iter().any(|(_, told)| told.is_some());
            prop_assert!(!waits || world.state.buying);
            let held = u64::from(world.state.lease.cells());
            prop_assert!(world.spent + world.passed + held <= world.granted);
        }
        // However the store answers, all are told in the end.
        for _ in 0..world.come.len() {
            world.step(&Step::Refuse);
        }
        prop_assert!(!world.state.buying);
    }
}

#[test]
fn those_who_left_are_not_bought_for() {
    let mut world = World::new();
    for _ in 0..3 {
        world.step(&Step::Come(5));
    }
    world.step(&Step::Leave(1));
    world.step(&Step::Grant(0));
    assert_eq!((world.passed, world.state.lease.cells()), (5, 0));
    world.step(&Step::Grant(0));
    assert_eq!((world.passed, world.granted), (10, 10));
    assert!(!world.state.buying);
}

#[test]
fn a_refusal_of_many_leaves_room_for_few() {
    let mut world = World::new();
    world.step(&Step::Come(10));
    world.step(&Step::Come(2));
    let reset = world.gcra.tolerance - 5 * world.gcra.interval;
    world.answer(0, Standing { retry: 5_000_000, reset });
    world.step(&Step::Grant(0));
    assert_eq!(world.passed, 2);
}
