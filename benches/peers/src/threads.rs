use std::{
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// The time in which two threads do something so many times each. `worker` is told which thread it is for, 0 or 1, and
/// prepares what is done in that.
pub fn both<W: FnMut()>(times: u64, worker: impl Fn(usize) -> W + Sync) -> Duration {
    let arrived = AtomicUsize::new(0);
    let one = |which: usize| {
        let mut work = worker(which);
        // Spinning, so that neither begins while the other has yet to be given a core.
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < 2 {
            spin_loop();
        }
        let start = Instant::now();
        for _ in 0..times {
            work();
        }
        (start, Instant::now())
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| one(1));
        let (start, end) = one(0);
        let (other_start, other_end) = other.join().expect("the work does not panic");
        // From the first start to the last end: had they run one after the other, it would show.
        end.max(other_end) - start.min(other_start)
    })
}
