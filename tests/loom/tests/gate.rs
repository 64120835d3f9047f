//! The races of the concurrency limiter: those who come, wait, leave and give up, while the limit changes.
#![cfg(weir_loom)]

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use loom::{
    future::block_on,
    model::Builder,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use tower_weir::{
    clock::Clock,
    concurrency::{Fixed, Limiter, Permit, Priorities, Queue},
};

/// Every schedule with at most so many preemptions.
fn explore(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(test);
}

/// Those who wait do so for ever: a lost wake is a deadlock, which loom finds.
fn limiter(limit: usize) -> Limiter {
    let queue = Queue::new(Duration::MAX).capacity(8);
    Limiter::new(Fixed::new(limit)).queue(queue).clock(Clock::manual().0)
}

/// Counts who is in, and that they are never too many.
#[derive(Default)]
struct Room(AtomicUsize);

impl Room {
    fn visit(&self, limit: usize, permit: Permit) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) < limit, "too many are in");
        self.0.fetch_sub(1, Ordering::SeqCst);
        drop(permit);
    }
}

fn wait(limiter: &Limiter) -> Permit {
    block_on(limiter.acquire()).unwrap()
}

fn all_come_to_their_turn(others: usize, preemptions: usize, limiter: fn() -> Limiter) {
    explore(preemptions, move || {
        let (limiter, room) = (limiter(), Arc::new(Room::default()));
        let threads: Vec<_> = (0..others)
            .map(|_| {
                let (limiter, room) = (limiter.clone(), Arc::clone(&room));
                thread::spawn(move || room.visit(1, wait(&limiter)))
            })
            .collect();
        room.visit(1, wait(&limiter));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    });
}

#[test]
fn whoever_waits_comes_to_their_turn() {
    all_come_to_their_turn(1, 5, || limiter(1));
}

#[test]
fn all_who_wait_come_to_their_turn() {
    all_come_to_their_turn(2, 2, || limiter(1));
}

#[test]
fn whoever_waits_in_a_class_comes_to_their_turn() {
    all_come_to_their_turn(2, 3, || limiter(1).priorities(Priorities::new([("all", 0.5)])));
}

#[test]
fn never_are_more_in_than_may_be() {
    explore(4, || {
        let limiter = limiter(2);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let limiter = limiter.clone();
                thread::spawn(move || limiter.try_acquire().ok())
            })
            .collect();
        let mine = limiter.try_acquire().ok();
        let permits: Vec<_> = others.into_iter().map(|thread| thread.join().unwrap()).collect();
        let admitted = permits.iter().chain([&mine]).flatten().count();
        assert_eq!((admitted, limiter.in_flight()), (2, 2));
        drop((permits, mine));
        assert_eq!(limiter.in_flight(), 0);
    });
}

#[test]
fn whoever_gives_up_passes_the_turn_on() {
    explore(3, || {
        let limiter = limiter(1);
        let permit = limiter.try_acquire().unwrap();
        let (patient, fickle) = (limiter.clone(), limiter.clone());
        let patient = thread::spawn(move || drop(wait(&patient)));
        let fickle = thread::spawn(move || {
            let mut acquire = pin!(fickle.acquire());
            let _ = acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        drop(permit);
        patient.join().unwrap();
        fickle.join().unwrap();
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    });
}

#[test]
fn a_higher_limit_is_seen_by_whoever_waits() {
    explore(5, || {
        let limiter = limiter(1);
        let permit = limiter.try_acquire().unwrap();
        let waiting = limiter.clone();
        let waiting = thread::spawn(move || drop(wait(&waiting)));
        limiter.set_limit(2).unwrap();
        waiting.join().unwrap();
        drop(permit);
        assert_eq!((limiter.in_flight(), limiter.limit()), (0, 2));
    });
}

#[test]
fn a_lower_limit_holds_for_whoever_comes_after_it() {
    explore(5, || {
        let limiter = limiter(2);
        let first = limiter.try_acquire().unwrap();
        let other = limiter.clone();
        let other = thread::spawn(move || other.try_acquire().ok());
        limiter.set_limit(1).unwrap();
        assert!(limiter.try_acquire().is_err());
        let second = other.join().unwrap();
        drop((first, second));
        assert!(limiter.try_acquire().is_ok());
        assert_eq!(limiter.in_flight(), 0);
    });
}

#[test]
fn who_resumes_lets_in_whoever_waits() {
    explore(5, || {
        let limiter = limiter(1);
        limiter.pause();
        let waiting = limiter.clone();
        let waiting = thread::spawn(move || drop(wait(&waiting)));
        limiter.resume();
        waiting.join().unwrap();
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    });
}

#[test]
fn who_drains_is_told_when_the_last_has_left() {
    explore(5, || {
        let limiter = limiter(1);
        let permit = limiter.try_acquire().unwrap();
        let leaving = thread::spawn(move || drop(permit));
        block_on(limiter.drain());
        assert_eq!(limiter.in_flight(), 0);
        leaving.join().unwrap();
        assert!(limiter.try_acquire().is_err());
    });
}
