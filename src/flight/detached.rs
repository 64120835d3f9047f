use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// Work that goes on without whoever waited for it: dropped before its end, it is spawned.
///
/// While somebody waits, it runs in their task, with the task-locals and the tracing span that they poll it in; after that in
/// a task of its own, without. Work that needs them brings them along: `tracing::Instrument`, `LocalKey::scope`.
///
/// It is just dropped if there is no tokio runtime to go on in, or if it has panicked.
///
/// # Cancel safety
///
/// Dropping it loses the output, not the work. Work that nobody polls while it is kept stands still.
#[must_use = "a future does nothing unless it is polled or dropped"]
pub(crate) struct Detached<T: 'static> {
    /// `None` once it has ended, and while it is polled: if that panics, it is dropped.
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T> Detached<T> {
    pub(crate) fn new(work: Pin<Box<dyn Future<Output = T> + Send>>) -> Self {
        Self { work: Some(work) }
    }
}

impl<T> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let output = work.as_mut().poll(cx);
        if output.is_pending() {
            self.work = Some(work);
        }
        output
    }
}

impl<T> Drop for Detached<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async { drop(work.await) });
        }
    }
}

impl<T> fmt::Debug for Detached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached").field("ended", &self.work.is_none()).finish()
    }
}
