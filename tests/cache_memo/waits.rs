use std::{task::Poll, time::Duration};

use tokio::time::advance;

use super::{Call, MINUTE, SECOND, memo, poll, settle};

async fn pass(time: Duration) {
    advance(time).await;
    settle().await;
}

fn all_wait(calls: &mut [Call]) -> bool {
    calls.iter_mut().all(|call| poll(call).is_pending())
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_load_that_never_ends_loads_once_more() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo, 7, 50);
    drop(calls.remove(0));
    pass(30 * SECOND - Duration::from_millis(1)).await;
    assert!(all_wait(&mut calls) && source.loads() == 1);
    pass(Duration::from_millis(2)).await;
    assert!(all_wait(&mut calls));
    calls.extend(source.calls(&memo, 7, 1));
    assert_eq!(source.loads(), 2);
    source.end(1, Ok(2));
    assert!(calls.iter_mut().all(|call| poll(call) == Poll::Ready(Ok(2))));
    source.end(0, Ok(1));
    settle().await;
    assert_eq!(memo.get(&7), Some(2), "the old one does not come after the new");
}

#[tokio::test(start_paused = true)]
async fn who_loads_may_take_as_long_as_it_takes() {
    let (memo, source, _) = memo();
    let mut calls = source.calls(&memo.max_wait(SECOND), 7, 1);
    pass(100 * MINUTE).await;
    assert!(all_wait(&mut calls));
    source.end(0, Ok(1));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn how_long_others_wait_can_be_said() {
    for (wait, loads) in [(SECOND, 2), (Duration::MAX, 1)] {
        let (memo, source, _) = memo();
        let mut calls = source.calls(&memo.max_wait(wait), 7, 2);
        pass(100 * MINUTE).await;
        assert!(all_wait(&mut calls));
        assert_eq!(source.loads(), loads);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_later_waits_as_long_as_others() {
    let (memo, source, _) = memo();
    let mut first = source.calls(&memo, 7, 1);
    pass(20 * SECOND).await;
    let mut calls = source.calls(&memo, 7, 1);
    pass(20 * SECOND).await;
    assert!(all_wait(&mut calls) && source.loads() == 1);
    source.end(0, Ok(1));
    assert_eq!(poll(&mut first[0]), Poll::Ready(Ok(1)));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(1)));
}
