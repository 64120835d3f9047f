use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};

use super::{giving_back::give_back, leased::Leased, leasing::Leasing};

/// The keys that hold cells, and whether a task looks after them.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Swept>);

#[derive(Default)]
struct Swept {
    keys: Vec<Arc<Leased>>,
    running: bool,
}

/// The task. If its runtime ends, the next key that is listed begins another.
struct Sweeper {
    leasing: Weak<Leasing>,
    running: bool,
}

impl Leasing {
    /// Sees to it that a key's cells are given back when the lease time is over. The task that does so ends when no cells are
    /// held.
    pub(super) fn list(self: &Arc<Self>, leased: &Arc<Leased>) {
        if std::mem::replace(&mut leased.lock().listed, true) {
            return;
        }
        let mut swept = self.sweep.lock();
        swept.keys.push(Arc::clone(leased));
        if swept.running {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            swept.running = true;
            // A runtime that is ending drops the task at once, which takes the lock.
            drop(swept);
            let every = Duration::from_nanos(self.leases.time / 4);
            let sweeper = Sweeper { leasing: Arc::downgrade(self), running: true };
            runtime.spawn(sweeper.run(every));
        }
    }

    /// Gives back what is over. Whether cells are still held.
    fn sweep(&self) -> bool {
        let mut keys = std::mem::take(&mut self.sweep.lock().keys);
        keys.retain(|leased| {
            let mut state = leased.lock();
            let over = state.lease.expire(leased.rule.limiter.now(), &self.leases);
            give_back(self, leased, over);
            state.listed = state.lease.cells() > 0;
            state.listed
        });
        let mut swept = self.sweep.lock();
        swept.keys.append(&mut keys);
        swept.running = !swept.keys.is_empty();
        swept.running
    }
}

impl Sweep {
    fn lock(&self) -> MutexGuard<'_, Swept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sweeper {
    async fn run(mut self, every: Duration) {
        while self.running {
            sleep(every).await;
            let Some(leasing) = self.leasing.upgrade() else { return };
            self.running = leasing.sweep();
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let (true, Some(leasing)) = (self.running, self.leasing.upgrade()) {
            leasing.sweep.lock().running = false;
        }
    }
}
