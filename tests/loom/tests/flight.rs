//! The races of a flight: those who join, follow, lead, give up and spoil it.
#![cfg(weir_loom)]

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

use loom::{
    future::block_on,
    model::Builder,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

#[expect(dead_code, unused_imports, reason = "the crate uses all of it")]
#[path = "../../../src/flight/mod.rs"]
mod flight;
#[expect(unused_imports, reason = "other structures use the rest")]
#[path = "../../../src/sync.rs"]
mod sync;

use flight::{Flights, Joined, Leader, Turn};

/// Every schedule with at most so many preemptions.
fn explore(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(test);
}

type Shared = Flights<u8, usize>;

const KEY: u8 = 7;

fn lead(flights: &Shared) -> Leader<u8, usize> {
    let Joined::Leads(leader) = flights.join(KEY) else { panic!("nobody else has joined") };
    leader
}

/// Waits for a value, or for the right to make one. A wake that is lost is a deadlock, which loom finds.
fn arrive(flights: &Shared) -> Result<usize, Leader<u8, usize>> {
    match flights.join(KEY) {
        Joined::Leads(leader) => Err(leader),
        Joined::Landed(value) => Ok(value),
        Joined::Follows(follower) => match block_on(follower) {
            Turn::Landed(value) => Ok(value),
            Turn::Leads(leader) => Err(leader),
        },
    }
}

/// Looks once, and goes.
fn look_in(flights: &Shared) {
    if let Joined::Follows(follower) = flights.join(KEY) {
        let _ = pin!(follower).poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Counts who leads, of which there is one at most, and how often work was done.
#[derive(Default)]
struct Work {
    under_way: AtomicUsize,
    done: AtomicUsize,
}

impl Work {
    fn begin(&self) {
        assert_eq!(self.under_way.fetch_add(1, Ordering::SeqCst), 0, "two lead one flight");
    }

    fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    fn fetch(&self, flights: &Shared) -> usize {
        match arrive(flights) {
            Ok(value) => value,
            Err(leader) => {
                self.begin();
                self.end();
                let value = self.done.fetch_add(1, Ordering::SeqCst) + 1;
                drop(leader.land(value));
                value
            }
        }
    }
}

#[test]
fn all_who_want_it_get_it() {
    explore(3, || {
        let (flights, work) = (Shared::new(), Arc::new(Work::default()));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (flights, work) = (flights.clone(), Arc::clone(&work));
                thread::spawn(move || work.fetch(&flights))
            })
            .collect();
        let mine = work.fetch(&flights);
        let all: Vec<_> = others.into_iter().map(|thread| thread.join().unwrap()).collect();
        let done = work.done.load(Ordering::SeqCst);
        assert!(all.into_iter().chain([mine]).all(|value| (1..=done).contains(&value)));
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn whoever_joins_while_it_lands_gets_the_value_or_begins_another() {
    explore(5, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let other = flights.clone();
        let other = thread::spawn(move || arrive(&other).map_err(|leader| leader.followers()));
        drop(leader.land(1));
        // Not promoted: the leader landed.
        assert!(matches!(other.join().unwrap(), Ok(1) | Err(0)));
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn whoever_joins_while_it_lands_for_those_who_follow_gets_the_value_or_begins_another() {
    explore(3, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let other = {
            let flights = flights.clone();
            thread::spawn(move || arrive(&flights).map_err(|leader| drop(leader.land(2))))
        };
        let landing = leader.land_for_followers(|| 1);
        let got_it = other.join().expect("a thread") == Ok(1);
        assert!(!got_it || landing.is_some());
        drop(landing);
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn a_leader_that_gives_up_while_others_come_and_go_is_followed_by_one() {
    explore(3, || {
        let (flights, work) = (Shared::new(), Arc::new(Work::default()));
        let leader = lead(&flights);
        work.begin();
        let (patient, fickle, works) = (flights.clone(), flights.clone(), Arc::clone(&work));
        let patient = thread::spawn(move || works.fetch(&patient));
        let fickle = thread::spawn(move || look_in(&fickle));
        work.end();
        drop(leader);
        assert_eq!(patient.join().unwrap(), 1);
        fickle.join().unwrap();
        assert_eq!((work.done.load(Ordering::SeqCst), flights.len()), (1, 0));
    });
}

#[test]
fn whoever_goes_when_it_is_to_lead_passes_it_on() {
    explore(4, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let Joined::Follows(first) = flights.join(KEY) else { panic!("it follows") };
        let Joined::Follows(second) = flights.join(KEY) else { panic!("it follows") };
        let leaving = thread::spawn(move || drop(first));
        let waiting = thread::spawn(move || match block_on(second) {
            Turn::Leads(leader) => drop(leader.land(2)),
            Turn::Landed(_) => panic!("nobody landed"),
        });
        drop(leader);
        leaving.join().unwrap();
        waiting.join().unwrap();
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn whoever_is_promoted_keeps_those_who_join() {
    explore(4, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let Joined::Follows(heir) = flights.join(KEY) else { panic!("it follows") };
        let heir = thread::spawn(move || match block_on(heir) {
            Turn::Leads(leader) => drop(leader.land(1)),
            Turn::Landed(_) => panic!("nobody landed"),
        });
        drop(leader);
        // It gets the heir's value, or comes too late and leads.
        let mine = arrive(&flights).map_err(|leader| leader.followers());
        assert!(matches!(mine, Ok(1) | Err(0)));
        heir.join().unwrap();
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn what_was_spoiled_is_not_stored_or_taken_out_again() {
    explore(5, || {
        let (flights, store) = (Shared::new(), Arc::new(AtomicUsize::new(0)));
        let leader = lead(&flights);
        let (spoiling, stored) = (flights.clone(), Arc::clone(&store));
        let spoiler = thread::spawn(move || {
            spoiling.spoil(&KEY);
            stored.store(0, Ordering::SeqCst);
        });
        leader.unless_spoiled(|| store.store(1, Ordering::SeqCst));
        drop(leader.land(1));
        spoiler.join().unwrap();
        assert_eq!(store.load(Ordering::SeqCst), 0);
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn of_two_who_spoil_it_neither_sees_anything_stored_afterwards() {
    explore(4, || {
        let (flights, store) = (Shared::new(), Arc::new(AtomicUsize::new(0)));
        let leader = lead(&flights);
        let (other, stored) = (flights.clone(), Arc::clone(&store));
        let spoiler = thread::spawn(move || other.spoil(&KEY));
        let lander = thread::spawn(move || {
            leader.unless_spoiled(|| stored.store(1, Ordering::SeqCst));
            drop(leader.land(1));
        });
        flights.spoil(&KEY);
        let seen = store.load(Ordering::SeqCst);
        spoiler.join().unwrap();
        lander.join().unwrap();
        assert_eq!(store.load(Ordering::SeqCst), seen);
    });
}

#[test]
fn whoever_joins_after_it_was_spoiled_does_not_get_the_old_value() {
    explore(5, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let lander = thread::spawn(move || drop(leader.land(1)));
        flights.spoil(&KEY);
        let fresh = lead(&flights);
        lander.join().unwrap();
        assert_eq!(flights.len(), 1, "the old flight does not end the new one");
        drop(fresh);
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn a_flight_that_is_written_off_stores_nothing_from_then_on() {
    explore(5, || {
        let (flights, store) = (Shared::new(), Arc::new(AtomicUsize::new(0)));
        let leader = lead(&flights);
        let Joined::Follows(follower) = flights.join(KEY) else { panic!("it follows") };
        let stored = Arc::clone(&store);
        let lander = thread::spawn(move || {
            leader.unless_spoiled(|| stored.store(1, Ordering::SeqCst));
            drop(leader.land(1));
        });
        follower.write_off();
        let seen = store.load(Ordering::SeqCst);
        let fresh = flights.lead(KEY);
        lander.join().unwrap();
        assert_eq!(store.load(Ordering::SeqCst), seen);
        assert!(fresh.is_some() && flights.len() == 1);
    });
}

#[test]
fn one_of_two_leads() {
    explore(5, || {
        let flights = Shared::new();
        let leader = lead(&flights);
        let other = flights.clone();
        let other = thread::spawn(move || other.lead(KEY));
        drop(leader);
        let mine = flights.lead(KEY);
        let theirs = other.join().unwrap();
        assert!(mine.is_none() || theirs.is_none());
        assert_eq!(flights.len(), usize::from(mine.is_some() || theirs.is_some()));
    });
}

type Passed = Flights<u8, usize, Arc<()>>;

/// Waits for a value, or for the right to go on.
fn arrive_at_work(flights: &Passed) -> Result<usize, Leader<u8, usize, Arc<()>>> {
    match flights.join(KEY) {
        Joined::Leads(leader) => Err(leader),
        Joined::Landed(value) => Ok(value),
        Joined::Follows(follower) => match block_on(follower) {
            Turn::Landed(value) => Ok(value),
            Turn::Leads(leader) => Err(leader),
        },
    }
}

#[test]
fn work_that_is_passed_on_goes_to_one_or_is_dropped() {
    explore(3, || {
        let flights = Passed::new();
        let Joined::Leads(leader) = flights.join(KEY) else { panic!("nobody else has joined") };
        let work = Arc::new(());
        let kept = Arc::clone(&work);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let flights = flights.clone();
                thread::spawn(move || match arrive_at_work(&flights) {
                    Ok(_) => 0,
                    Err(leader) => {
                        let taken = leader.take_over();
                        drop(leader.land(1));
                        usize::from(taken.is_some())
                    }
                })
            })
            .collect();
        leader.pass(work);
        let taken: usize = others.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert!(taken <= 1, "two go on with one piece of work");
        assert_eq!((Arc::strong_count(&kept), flights.len()), (1, 0));
    });
}

#[test]
fn work_outlives_an_heir_that_goes_and_not_the_last_one() {
    explore(4, || {
        let flights = Passed::new();
        let join = || flights.join(KEY);
        let (Joined::Leads(leader), Joined::Follows(heir)) = (join(), join()) else {
            panic!("one leads and one follows")
        };
        let Joined::Follows(second) = join() else { panic!("it follows") };
        let work = Arc::new(());
        let kept = Arc::clone(&work);
        let leaving = thread::spawn(move || drop(heir));
        let waiting = thread::spawn(move || match block_on(second) {
            Turn::Leads(leader) => {
                let work = leader.take_over().expect("it was left for whoever leads");
                leader.pass(work);
            }
            Turn::Landed(_) => panic!("nobody landed"),
        });
        leader.pass(work);
        leaving.join().unwrap();
        waiting.join().unwrap();
        assert_eq!((Arc::strong_count(&kept), flights.len()), (1, 0));
    });
}
