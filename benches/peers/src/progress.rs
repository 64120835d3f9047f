use std::time::{Duration, Instant};

/// Says on stderr how far a long work is: after each tenth of it, but not more often than once in a second.
pub struct Progress {
    name: &'static str,
    total: u64,
    next: u64,
    start: Instant,
    said: Instant,
}

impl Progress {
    /// For a work of so many steps that begins now.
    pub fn new(name: &'static str, total: u64) -> Self {
        eprintln!("{name}");
        let start = Instant::now();
        Self { name, total, next: total.div_ceil(10), start, said: start }
    }

    /// So many steps are done.
    pub fn reached(&mut self, done: u64) {
        if done < self.next {
            return;
        }
        self.next += self.total.div_ceil(10);
        let now = Instant::now();
        if now - self.said >= Duration::from_secs(1) {
            self.said = now;
            let seconds = (now - self.start).as_secs();
            eprintln!("{}: {} % in {seconds} s", self.name, 100 * done / self.total);
        }
    }
}
