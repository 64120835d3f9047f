use std::{future::poll_fn, pin::Pin, task::Poll};

/// Polls `future` so many times. Whether it was ready by then.
pub(crate) async fn polled(
    mut future: Pin<&mut impl Future>,
    times: usize,
    others_run: bool,
) -> bool {
    for _ in 0..times {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        if others_run {
            tokio::task::yield_now().await;
        }
    }
    false
}
