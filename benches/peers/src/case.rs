use std::time::{Duration, Instant};

use crate::alloc::allocations;

/// One thing that is measured.
pub struct Case {
    pub(crate) name: &'static str,
    build: Box<dyn FnOnce() -> Run>,
}

/// Does the thing so many times and says how long that took, without what it had to prepare.
pub(crate) type Run = Box<dyn FnMut(u64) -> Duration>;

impl Case {
    /// `build` makes what is needed, once; what it returns is given a number of iterations and answers how long they took, by
    /// [`timed`].
    pub fn new<R>(name: &'static str, build: impl FnOnce() -> R + 'static) -> Self
    where
        R: FnMut(u64) -> Duration + 'static,
    {
        Self { name, build: Box::new(|| Box::new(build())) }
    }

    /// As [`Case::new`], for work that needs no preparation between iterations.
    pub fn each<W>(name: &'static str, build: impl FnOnce() -> W + 'static) -> Self
    where
        W: FnMut() + 'static,
    {
        Self::new(name, || {
            let mut work = build();
            move |iterations| {
                timed(|| {
                    for _ in 0..iterations {
                        work();
                    }
                })
            }
        })
    }

    pub(crate) fn build(self) -> Run {
        (self.build)()
    }

    /// Allocations in each iteration, preparations included: subtract those of a case that prepares the same.
    pub(crate) fn allocations(self) -> f64 {
        const ITERATIONS: u64 = 4096;
        let mut run = self.build();
        run(ITERATIONS);
        let before = allocations();
        run(ITERATIONS);
        (allocations() - before) as f64 / ITERATIONS as f64
    }
}

/// How long `work` takes.
///
/// Never inlined: it is also the frame below which valgrind counts, so that what is counted is what is timed.
#[inline(never)]
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
