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

#[cfg(test)]
#[cfg(not(weir_loom))]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::Arc,
        task::Waker,
    };

    use tokio::sync::oneshot;

    use super::*;

    fn poll<T>(work: &mut Detached<T>) -> Poll<T> {
        Pin::new(work).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Work that waits for a signal and passes it on.
    fn relay() -> (oneshot::Sender<u8>, Detached<()>, oneshot::Receiver<u8>) {
        let (go, gone) = oneshot::channel();
        let (done, output) = oneshot::channel();
        let work = async { done.send(gone.await.unwrap()).unwrap() };
        (go, Detached::new(Box::pin(work)), output)
    }

    #[tokio::test]
    async fn whoever_stays_gets_the_output() {
        assert_eq!(Detached::new(Box::pin(async { 7 })).await, 7);
    }

    #[tokio::test]
    async fn work_goes_on_without_whoever_waited() {
        for polled in [false, true] {
            let (go, mut work, output) = relay();
            assert!(!polled || poll(&mut work).is_pending());
            drop(work);
            go.send(7).unwrap();
            assert_eq!(output.await, Ok(7));
        }
    }

    #[tokio::test]
    async fn work_goes_on_while_whoever_waited_panics() {
        let (go, mut work, output) = relay();
        assert!(poll(&mut work).is_pending());
        let panicking = catch_unwind(AssertUnwindSafe(move || {
            let _work = work;
            panic!("something else is broken");
        }));
        assert!(panicking.is_err());
        go.send(7).unwrap();
        assert_eq!(output.await, Ok(7));
    }

    #[test]
    fn without_a_runtime_it_is_dropped() {
        let (go, mut work, mut output) = relay();
        assert!(poll(&mut work).is_pending());
        drop(work);
        assert!(go.is_closed() && output.try_recv().is_err());
    }

    #[tokio::test]
    async fn work_that_has_panicked_is_not_polled_again() {
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let broken = async move {
            let _inside = inside;
            panic!("the work is broken");
        };
        let mut work = Detached::<()>::new(Box::pin(broken));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
        assert_eq!(Arc::strong_count(&held), 1, "it is dropped already");
        assert!(poll(&mut work).is_pending());
    }
}
