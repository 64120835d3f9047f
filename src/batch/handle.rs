use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{BatchStats, port::Steering};

/// Reads and steers a running [`Batcher`](super::Batcher); it does not keep it open.
#[derive(Clone)]
pub struct Handle(Arc<dyn Steering>);

/// Tells when nothing waits or is under way any more: [`Handle::drain`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Drain(Arc<dyn Steering>);

impl Handle {
    pub(super) fn new(steering: Arc<dyn Steering>) -> Self {
        Self(steering)
    }

    /// What it has done, and what is under way.
    pub fn stats(&self) -> BatchStats {
        self.0.stats()
    }

    /// Sends what waits without waiting for more; as always, no more calls at a time than there may be.
    pub fn flush(&self) {
        Arc::clone(&self.0).flush();
    }

    /// Takes no more items, sends those that wait, and tells when all have been answered: for the end of a program.
    ///
    /// ```
    /// # use tower_weir::batch::Batcher;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let users = Batcher::new(async |ids: Vec<u64>| ids.into_iter().map(Ok::<_, std::convert::Infallible>).collect::<Vec<_>>());
    /// # let server = async {};
    /// let handle = users.handle();
    /// server.await; // until it is to end
    /// handle.drain().await;
    /// # assert!(users.load(7).await.is_err());
    /// # }
    /// ```
    pub fn drain(&self) -> Drain {
        Arc::clone(&self.0).close();
        Drain(Arc::clone(&self.0))
    }
}

impl Future for Drain {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_idle(cx)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish()
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
