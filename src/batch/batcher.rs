use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{
    Answers, BatchError, BatchLayer, Handle, Load, LoadMany,
    port::{Port, Steering},
};

/// Sends items in batches, and gives each its own answer.
///
/// It is the service that [`BatchLayer`] makes, and a handle to be used inside of handlers:
///
/// ```
/// # use std::convert::Infallible;
/// use tower_weir::batch::{BatchError, Batcher};
///
/// #[derive(Clone)]
/// struct App {
///     users: Batcher<u64, String>,
/// }
///
/// async fn greet(app: App, id: u64) -> Result<String, BatchError<Infallible>> {
///     // Handlers that run at the same time share one query.
///     Ok(format!("hello, {}", app.users.load(id).await?))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let users = Batcher::new(async |ids: Vec<u64>| {
///     ids.into_iter().map(|id| Ok(format!("user {id}"))).collect::<Vec<_>>()
/// });
/// assert_eq!(greet(App { users }, 7).await.unwrap(), "hello, user 7");
/// # }
/// ```
///
/// Clones are cheap, and share one queue. When the last is dropped what waits is sent at once, and whoever waits for it still
/// gets an answer.
///
/// As a service it is always ready: what cannot be taken in is [refused](BatchError::Refused), as a Router or a load balancer
/// would not see that it is not ready.
pub struct Batcher<Req, Res, E = std::convert::Infallible>(Arc<Owner<Req, Res, E>>);

/// What closes the queue when the last batcher goes, and the last item that one was given has been taken in.
pub(super) struct Owner<Req, Res, E>(pub(super) Arc<dyn Port<Req, Res, E>>);

impl<Req, Res, E> Batcher<Req, Res, E> {
    pub(super) fn over(port: Arc<dyn Port<Req, Res, E>>) -> Self {
        Self(Arc::new(Owner(port)))
    }

    /// Batches calls of `function`, with the defaults; see [`BatchLayer::batcher`] for others.
    pub fn new<F, Fut>(function: F) -> Self
    where
        F: FnOnce(Vec<Req>) -> Fut + Clone + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Answers<Res = Res, Error = E>,
        Req: Send + 'static,
        Res: Send + 'static,
        E: Send + 'static,
    {
        BatchLayer::new().batcher(function)
    }

    /// Sends `item` with the next batch. It is taken in when the future is first polled.
    ///
    /// # Errors
    ///
    /// The item's own error, that of its batch, or why it was refused: see [`BatchError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before its batch has left, it takes the item with it; after that the call goes on, for the others. Nobody else
    /// is disturbed by it.
    pub fn load(&self, item: Req) -> Load<Req, Res, E> {
        Load::new(Arc::clone(&self.0), item)
    }

    /// Sends many items, and gives their answers in the same order.
    ///
    /// It keeps no more of them waiting than some batches, so that it fills the queue by itself however many they are.
    ///
    /// # Cancel safety
    ///
    /// As that of [`load`](Self::load), for each item.
    pub fn load_many(&self, items: impl IntoIterator<Item = Req>) -> LoadMany<Req, Res, E> {
        LoadMany::new(Arc::clone(&self.0), items.into_iter().collect())
    }

    /// Reads and steers it, and does not keep it open.
    pub fn handle(&self) -> Handle
    where
        Req: 'static,
        Res: 'static,
        E: 'static,
    {
        Handle::new(Arc::clone(&self.0.0) as Arc<dyn Steering>)
    }
}

impl<Req, Res, E> Service<Req> for Batcher<Req, Res, E> {
    type Response = Res;
    type Error = BatchError<E>;
    type Future = Load<Req, Res, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BatchError<E>>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, item: Req) -> Load<Req, Res, E> {
        self.load(item)
    }
}

impl<Req, Res, E> Drop for Owner<Req, Res, E> {
    fn drop(&mut self) {
        Arc::clone(&self.0).close();
    }
}

impl<Req, Res, E> Clone for Batcher<Req, Res, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Req, Res, E> fmt::Debug for Batcher<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("stats", &self.0.0.stats()).finish_non_exhaustive()
    }
}
