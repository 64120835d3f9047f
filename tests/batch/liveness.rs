//! Nobody is woken for nothing, nothing goes on for ever, and no lock is held while code of others runs.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::time::Instant;
use tower::Layer;
use tower_weir::{
    batch::{Batcher, Fixed, Forming, Handle, Linger},
    clock::Timestamp,
};

use crate::{
    desk::{Desk, End, doubled, settle},
    service::layer,
    support::{Bell, LONG, Numbers, got, is_at_rest, loading_all, ms, polled},
};

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_once_and_only_when_its_answer_is_there() {
    let desk = Desk::new();
    let batcher: Numbers =
        layer().max_size(2).max_in_flight(1).linger(Fixed::new(ms(10))).layer(desk.clone());
    let (bells, mut loads): (Vec<_>, Vec<_>) =
        (0..3).map(|number| (Arc::new(Bell::default()), batcher.load(number))).unzip();
    for (bell, load) in bells.iter().zip(&mut loads) {
        assert!(bell.poll(load).is_pending());
    }
    let rung = || bells.iter().map(|bell| bell.rung()).collect::<Vec<_>>();
    settle().await;
    assert_eq!(desk.batches(), [[0, 1]]);
    drop(loading_all(&batcher, [7]).await);
    assert_eq!(rung(), [0, 0, 0]);
    desk.end(0, End::Doubles).await;
    assert_eq!(rung(), [1, 1, 0]);
    assert_eq!(desk.batches()[1], [2, 7]);
    desk.end(1, End::Doubles).await;
    assert_eq!(rung(), [1, 1, 1]);
    for (number, (bell, load)) in (0..).zip(bells.iter().zip(&mut loads)) {
        assert!(matches!(bell.poll(load), Poll::Ready(Ok(answer)) if answer == number * 2));
    }
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_polled_last_is_woken() {
    let desk = Desk::new();
    let batcher: Numbers = layer().linger(Fixed::NONE).layer(desk.clone());
    let [first, last] = [(); 2].map(|()| Arc::new(Bell::default()));
    let mut load = batcher.load(1);
    assert!(first.poll(&mut load).is_pending());
    assert!(last.poll(&mut load).is_pending());
    settle().await;
    desk.end_all().await;
    assert_eq!((first.rung(), last.rung()), (0, 1));
}

/// Counts how often a linger is asked, which is what a runner does each time it looks.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl Linger for Asked {
    fn until(&mut self, forming: &Forming, _: Timestamp) -> Timestamp {
        self.0.fetch_add(1, Ordering::Relaxed);
        forming.since.saturating_add(ms(3_600_000))
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_sleeps_until_there_is_something_to_do() {
    let desk = Desk::new();
    let asked = Asked::default();
    let batcher: Numbers = layer().max_size(100).linger(asked.clone()).layer(desk.clone());
    let begun = Instant::now();
    let loads = loading_all(&batcher, 0..10).await;
    let before = asked.0.load(Ordering::Relaxed);
    assert!(before <= 21, "{before}: once an item, and once a look");
    tokio::time::sleep(ms(3_599_000)).await;
    assert_eq!(asked.0.load(Ordering::Relaxed), before, "an hour long nothing happens");
    tokio::time::sleep(ms(2_000)).await;
    assert_eq!(desk.batches().len(), 1);
    let after = asked.0.load(Ordering::Relaxed);
    assert!(after <= before + 3, "{before} and then {after}");
    desk.end_all().await;
    got(loads).await;
    assert_eq!(begun.elapsed(), ms(3_601_000));
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_waits_for_the_service_does_not_turn() {
    let desk = Desk::new();
    desk.is_busy();
    let asked = Asked::default();
    let batcher: Numbers = layer().max_size(2).linger(asked.clone()).layer(desk.clone());
    let loads = loading_all(&batcher, 0..4).await;
    let before = asked.0.load(Ordering::Relaxed);
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!(asked.0.load(Ordering::Relaxed), before);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 5, "one runner");
    desk.is_ready();
    settle().await;
    desk.end_all().await;
    got(loads).await;
    is_at_rest(&batcher.handle()).await;
}

/// A linger that is never content: a bit more, each time it is asked.
#[derive(Clone)]
struct Greedy(Arc<AtomicUsize>, u64);

impl Linger for Greedy {
    fn until(&mut self, _: &Forming, now: Timestamp) -> Timestamp {
        self.0.fetch_add(1, Ordering::Relaxed);
        now.saturating_add(std::time::Duration::from_micros(self.1))
    }
}

#[tokio::test(start_paused = true)]
async fn a_linger_that_is_never_over_stops_neither_time_nor_others() {
    for micros in [1, 499, 501, 1_000] {
        let asked = Greedy(Arc::default(), micros);
        let batcher: Numbers = layer()
            .partition_by(|number: &u64| *number)
            .max_in_flight(1)
            .linger(asked.clone())
            .batcher(async |batch: tower_weir::batch::Batch<u64, u64>| doubled(&batch.items));
        let loads = loading_all(&batcher, 0..10).await;
        tokio::time::sleep(ms(100)).await;
        let many = asked.0.load(Ordering::Relaxed);
        assert!(many < 2_000, "{many} questions in a tenth of a second");
        drop(batcher);
        assert_eq!(got(loads).await.len(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_are_spawned_than_calls_may_be_made() {
    let desk = Desk::new();
    let batcher: Numbers = layer()
        .max_size(1)
        .max_in_flight(3)
        .max_waiting(50)
        .linger(Fixed::NONE)
        .layer(desk.clone());
    let loads: Vec<_> = (0..20).map(|number| polled(&batcher, number)).collect();
    settle().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 3);
    desk.end_all().await;
    assert_eq!(tasks(), 0);
    assert!(desk.batches().len() == 20);
    drop(loads);
}

/// A waker, and an item, that reads the batcher's state when it is dropped: it would wait for itself if a lock were held then.
struct Reads(Arc<Mutex<Option<Handle>>>);

impl Wake for Reads {
    fn wake(self: Arc<Self>) {
        self.read();
    }
}

impl Reads {
    fn read(&self) {
        if let Some(handle) = &*self.0.lock().unwrap() {
            handle.stats();
        }
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        self.read();
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: Reads) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(waker));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Fails if it has not ended soon: a thread that waits for itself does so for ever.
fn no_deadlock(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    match ended.recv_timeout(std::time::Duration::from_secs(60)) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it waits for itself"),
        _ => thread.join().unwrap(),
    }
}

#[test]
fn wakers_are_dropped_and_woken_where_no_lock_is_held() {
    no_deadlock(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::new();
            let batcher: Numbers = layer().max_size(3).linger(LONG).layer(desk.clone());
            let handle = Arc::new(Mutex::new(Some(batcher.handle())));
            let reads = || Reads(Arc::clone(&handle));
            let mut loads: Vec<_> = (0..3).map(|number| batcher.load(number)).collect();
            for load in &mut loads {
                assert!(poll(load, reads()).is_pending());
                assert!(poll(load, reads()).is_pending(), "another takes the place of the first");
            }
            let mut leaves = batcher.load(4);
            assert!(poll(&mut leaves, reads()).is_pending());
            drop(leaves);
            settle().await;
            assert!(poll(&mut loads[0], reads()).is_pending());
            drop(loads.pop());
            desk.end_all().await;
            assert!(loads.iter_mut().all(|load| poll(load, reads()).is_ready()));
            let mut drain = batcher.handle().drain();
            assert!(poll(&mut drain, reads()).is_ready());
            handle.lock().unwrap().take();
        });
    });
}

#[test]
fn items_and_answers_are_dropped_where_no_lock_is_held() {
    no_deadlock(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let handle = Arc::new(Mutex::new(None));
            let in_service = Arc::clone(&handle);
            let batcher: Batcher<(u64, Reads), Arc<Reads>> = layer()
                .dedup_by(|item: &(u64, Reads)| item.0)
                .max_weight(10, |item| item.0)
                .max_waiting(3)
                .linger(LONG)
                .batcher(move |items: Vec<(u64, Reads)>| {
                    let answers =
                        items.iter().map(|_| Ok(Arc::new(Reads(Arc::clone(&in_service)))));
                    let answers: Vec<Result<_, std::convert::Infallible>> = answers.collect();
                    async move {
                        drop(items);
                        tokio::task::yield_now().await;
                        answers
                    }
                });
            *handle.lock().unwrap() = Some(batcher.handle());
            let item = |number| (number, Reads(Arc::clone(&handle)));
            let bell = Arc::new(Bell::default());
            let mut loads: Vec<_> = [1, 1, 2].map(|number| batcher.load(item(number))).into();
            assert!(loads.iter_mut().all(|load| bell.poll(load).is_pending()));
            assert!(bell.poll(&mut batcher.load(item(3))).is_ready(), "full");
            assert!(bell.poll(&mut batcher.load(item(30))).is_ready(), "too heavy");
            drop(loads.pop());
            batcher.handle().flush();
            settle().await;
            drop(loads.pop());
            assert!(bell.poll(&mut loads[0]).is_ready());
            drop(batcher.handle().drain());
            assert!(bell.poll(&mut batcher.load(item(3))).is_ready(), "closed");
            handle.lock().unwrap().take();
        });
    });
}
