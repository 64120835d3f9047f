//! Permits by hand, and the wakes of those who wait for them.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use tower_weir::concurrency::{Acquire, Fixed, Limiter, Permit, Priorities, Queue, Refusal};

use super::{limiter, millis, patient};

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Someone who asks for a permit.
struct Someone {
    acquire: Pin<Box<Acquire>>,
    woken: Arc<Woken>,
}

impl Someone {
    /// Has been polled once.
    fn waits(limiter: &Limiter) -> Self {
        let mut someone = Self { acquire: Box::pin(limiter.acquire()), woken: Arc::default() };
        assert!(someone.poll().is_none());
        someone
    }

    fn poll(&mut self) -> Option<Result<Permit, Refusal>> {
        let waker = Waker::from(Arc::clone(&self.woken));
        match self.acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        }
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_there_at_once_or_after_a_wait() {
    let limiter = patient(1);
    let permit = limiter.acquire().await.unwrap();
    assert_eq!((limiter.in_flight(), limiter.try_acquire().unwrap_err()), (1, Refusal::Full));
    let waits = tokio::spawn(limiter.acquire());
    tokio::time::sleep(millis(20)).await;
    assert_eq!((waits.is_finished(), limiter.waiting()), (false, 1));
    drop(permit);
    let permit = waits.await.unwrap().unwrap();
    assert_eq!((limiter.in_flight(), limiter.waiting()), (1, 0));
    drop(permit);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_takes_too_long_is_refused_and_a_second_poll_too() {
    let limiter = limiter(1);
    let _permit = limiter.try_acquire().unwrap();
    assert_eq!(limiter.acquire().await.unwrap_err(), Refusal::TimedOut);
    let none_may_wait = limiter.clone().reject_when_full();
    let _permit = none_may_wait.try_acquire().unwrap();
    assert_eq!(none_may_wait.acquire().await.unwrap_err(), Refusal::Full);
}

#[tokio::test(start_paused = true)]
async fn exactly_one_is_woken_for_each_place_and_in_order() {
    let limiter = patient(2);
    let permits = [limiter.try_acquire().unwrap(), limiter.try_acquire().unwrap()];
    let mut waiting: Vec<_> = (0..5).map(|_| Someone::waits(&limiter)).collect();
    let woken = |waiting: &[Someone]| waiting.iter().map(Someone::woken).collect::<Vec<_>>();
    let [first, second] = permits;
    drop(first);
    assert_eq!(woken(&waiting), [1, 0, 0, 0, 0]);
    drop(second);
    assert_eq!(woken(&waiting), [1, 1, 0, 0, 0]);
    let permit = waiting[0].poll().unwrap().unwrap();
    drop(permit);
    assert_eq!(woken(&waiting), [1, 1, 1, 0, 0]);
    limiter.set_limit(4).unwrap();
    assert_eq!(woken(&waiting), [1, 1, 1, 1, 1]);
    assert_eq!((limiter.in_flight(), limiter.waiting()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_was_woken_and_is_dropped_passes_its_place_on() {
    let limiter = patient(1);
    let permit = limiter.try_acquire().unwrap();
    let first = Someone::waits(&limiter);
    let second = Someone::waits(&limiter);
    let mut third = Someone::waits(&limiter);
    drop(permit);
    assert_eq!((first.woken(), second.woken(), third.woken()), (1, 0, 0));
    drop(first);
    assert_eq!((second.woken(), third.woken(), limiter.in_flight()), (1, 0, 1));
    drop(second);
    assert_eq!((third.woken(), limiter.waiting()), (1, 0));
    drop(third.poll().unwrap().unwrap());
    drop(third);
    assert_eq!(limiter.in_flight(), 0);
    assert!(limiter.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_dropped_while_it_waits_wakes_nobody() {
    let limiter = patient(1);
    let permit = limiter.try_acquire().unwrap();
    let first = Someone::waits(&limiter);
    let second = Someone::waits(&limiter);
    drop(first);
    assert_eq!((second.woken(), limiter.waiting()), (0, 1));
    drop(permit);
    assert_eq!(second.woken(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_that_it_has_waited_too_long_does_not_wake_itself() {
    let limiter = limiter(1).queue(Queue::new(millis(1_000)).objective(millis(500)));
    let _permit = limiter.try_acquire().unwrap();
    let mut waiting = [Someone::waits(&limiter), Someone::waits(&limiter)];
    tokio::time::advance(millis(101)).await;
    // By its timer; and with that the time of the last in an overloaded queue is not over.
    let [first, last] = &mut waiting;
    assert_eq!((first.woken(), last.woken()), (1, 1));
    assert_eq!(first.poll().unwrap().unwrap_err(), Refusal::TimedOut);
    assert!(last.poll().is_none());
    assert_eq!((first.woken(), last.woken()), (1, 1));
    tokio::time::advance(millis(900)).await;
    assert_eq!(last.poll().unwrap().unwrap_err(), Refusal::TimedOut);
    assert_eq!((last.woken(), limiter.waiting()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn the_newest_waker_is_woken() {
    let limiter = patient(1);
    let permit = limiter.try_acquire().unwrap();
    let mut someone = Someone::waits(&limiter);
    let first = std::mem::take(&mut someone.woken);
    assert!(someone.poll().is_none());
    drop(permit);
    assert_eq!((first.0.load(Relaxed), someone.woken()), (0, 1));
    assert!(someone.poll().unwrap().is_ok());
    assert!(someone.poll().is_none(), "polled after completion it is pending, not a panic");
}

#[tokio::test(start_paused = true)]
async fn an_acquire_that_is_not_polled_asks_for_nothing() {
    let limiter = patient(1);
    let never = limiter.acquire();
    assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    drop(never);
    assert!(limiter.try_acquire().is_ok());
}

/// The limit stands also when it is lowered between a wake and the poll that follows.
#[tokio::test(start_paused = true)]
async fn a_place_that_was_given_is_kept_when_the_limit_shrinks() {
    let limiter = patient(2);
    let permits = [limiter.try_acquire().unwrap(), limiter.try_acquire().unwrap()];
    let (mut first, mut second) = (Someone::waits(&limiter), Someone::waits(&limiter));
    let [one, other] = permits;
    drop(one);
    limiter.set_limit(1).unwrap();
    drop(other);
    assert_eq!((first.woken(), second.woken()), (1, 0));
    let permit = first.poll().unwrap().unwrap();
    assert!(second.poll().is_none());
    drop(permit);
    assert!(second.poll().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_permit_by_hand_is_of_the_default_class() {
    let classes = Priorities::new([("kept", 0.5), ("default", 0.0)]);
    let limiter = limiter(4).reject_when_full().priorities(classes);
    let permits: Vec<_> = std::iter::from_fn(|| limiter.try_acquire().ok()).collect();
    assert_eq!(permits.len(), 2);
}

#[test]
fn who_would_have_to_wait_is_refused_where_there_are_no_timers() {
    let limiter = Limiter::new(Fixed::new(1));
    let permit = limiter.try_acquire().unwrap();
    assert_eq!(futures_executor::block_on(limiter.acquire()).unwrap_err(), Refusal::TimedOut);
    drop(permit);
    assert!(futures_executor::block_on(limiter.acquire()).is_ok());
    assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
}

#[test]
fn nothing_that_is_free_needs_a_runtime() {
    let limiter = Limiter::new(Fixed::new(1));
    drop(futures_executor::block_on(limiter.acquire()).unwrap());
    let permit = limiter.try_acquire().unwrap();
    let refuses = limiter.clone().reject_when_full();
    drop((permit, refuses.try_acquire().unwrap()));
    futures_executor::block_on(limiter.drain());
}

/// On several threads: more are never under way than may be, and nobody is forgotten.
#[test]
fn threads_that_come_go_shrink_and_give_up_lose_no_place() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    runtime.unwrap().block_on(async {
        let limiter = Limiter::new(Fixed::new(3));
        let queue = Queue::new(millis(3_600_000));
        let limiter = limiter.queue(queue.objective(millis(360_000_000)).capacity(1_000));
        let mut tasks = Vec::new();
        for task in 0..16u64 {
            let limiter = limiter.clone();
            tasks.push(tokio::spawn(async move {
                for round in 0..500u64 {
                    match (task + round) % 7 {
                        0 => {
                            let mut given_up = Box::pin(limiter.acquire());
                            let polled = {
                                let cx = &mut Context::from_waker(Waker::noop());
                                given_up.as_mut().poll(cx)
                            };
                            tokio::task::yield_now().await;
                            drop((polled, given_up));
                        }
                        1 if task == 0 => limiter.set_limit(1 + round as usize % 5).unwrap(),
                        2 => drop(limiter.try_acquire()),
                        _ => {
                            let permit = limiter.acquire().await.unwrap();
                            assert!(limiter.in_flight() >= 1);
                            tokio::task::yield_now().await;
                            drop(permit);
                        }
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    });
}
