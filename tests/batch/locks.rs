//! No lock is held while code of others runs, which may ask the batcher something.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

use tower::Layer;
use tower_weir::batch::{Batcher, Handle};

use crate::{
    desk::{Desk, settle},
    service::layer,
    support::{Bell, LONG, Numbers},
};

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
