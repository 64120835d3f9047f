//! Code of the user's whose panics are to reach nobody else.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use super::Cause;

/// The output of `work`, or its panic as the cause of a failure.
///
/// What it shares with others must bear that it stops half-way.
pub(super) async fn contain<T>(work: impl Future<Output = T>) -> Result<T, Cause> {
    let mut work = pin!(work);
    poll_fn(|cx| match contained(|| work.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(cause) => Poll::Ready(Err(cause)),
    })
    .await
}

/// As [`contain`], for what is done at once.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Cause::Panic(message(&*panic)))
}

/// What a panic says, if it is text.
fn message(panic: &(dyn Any + Send)) -> Option<String> {
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| panic.downcast_ref::<String>().cloned())
}
