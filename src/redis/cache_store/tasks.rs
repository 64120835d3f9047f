use std::sync::{Mutex, PoisonError};

use tokio::{runtime::Handle, task::AbortHandle};

/// Tasks that run as long as this lives.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<Vec<AbortHandle>>);

impl Tasks {
    /// Starts them on the runtime that runs here, unless they run. Whether they do.
    pub(super) fn ensure(&self, start: impl FnOnce(&Handle) -> Vec<AbortHandle>) -> bool {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // They end only with their runtime.
        if tasks.is_empty() || tasks.iter().any(AbortHandle::is_finished) {
            let Ok(runtime) = Handle::try_current() else { return false };
            tasks.drain(..).for_each(|task| task.abort());
            *tasks = start(&runtime);
        }
        true
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let tasks = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().for_each(AbortHandle::abort);
    }
}
