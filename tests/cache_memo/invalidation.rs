use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::task::yield_now;
use tower_weir::cache::Memo;

use super::{MINUTE, answer, memo, settle};

#[tokio::test]
async fn what_was_loaded_before_an_invalidation_is_given_out_but_not_kept() {
    let (memo, source, _) = memo();
    let calls = source.calls(&memo, 7, 2);
    memo.invalidate(&7);
    source.end(0, Ok(1));
    for call in calls {
        assert_eq!(call.await, Ok(1));
    }
    assert_eq!((memo.get(&7), memo.stats().entries), (None, 0));
}

#[tokio::test]
async fn whoever_asks_after_an_invalidation_does_not_get_what_was_loaded_before() {
    for old_ends_first in [true, false] {
        let (memo, source, _) = memo();
        let old = source.calls(&memo, 7, 2);
        memo.invalidate(&7);
        let new = source.calls(&memo, 7, 2);
        assert_eq!(source.loads(), 2);
        if old_ends_first {
            source.end(0, Ok(1));
        }
        for (calls, load, value) in [(new, 1, 2), (old, 0, 1)] {
            if load == 1 || !old_ends_first {
                source.end(load, Ok(value));
            }
            for call in calls {
                assert_eq!(call.await, Ok(value));
            }
        }
        assert_eq!(memo.get(&7), Some(2), "the old one does not come after the new");
    }
}

#[tokio::test]
async fn what_was_put_there_is_newer_than_what_is_being_loaded() {
    let (memo, source, _) = memo();
    drop(source.calls(&memo, 7, 1));
    memo.insert(7, 2);
    source.end(0, Ok(1));
    settle().await;
    assert_eq!((memo.get(&7), answer(source.call(&memo, 7))), (Some(2), Ok(2)));
}

#[tokio::test]
async fn clearing_forgets_what_is_kept_and_what_is_being_loaded() {
    let (memo, source, _) = memo();
    (0..100).for_each(|key| memo.insert(key, 1));
    drop(source.calls(&memo, 200, 1));
    memo.clear();
    source.end(0, Ok(1));
    settle().await;
    assert!((0..=255).all(|key| memo.get(&key).is_none()));
    assert_eq!(memo.stats().entries, 0);
    memo.insert(7, 2);
    assert_eq!(memo.get(&7), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_after_an_invalidation_sees_what_was_written_before_it() {
    let (memo, row) = (Memo::<&str, u64>::new(MINUTE), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (memo, row) = (memo.clone(), Arc::clone(&row));
            tokio::spawn(async move {
                for round in 0..5_000 {
                    let written = row.fetch_add(1, Ordering::SeqCst) + 1;
                    match (round + writer) % 2 {
                        0 => memo.clear(),
                        _ => memo.invalidate("row"),
                    }
                    let row = Arc::clone(&row);
                    let load = || async move {
                        let read = row.load(Ordering::SeqCst);
                        yield_now().await;
                        read
                    };
                    let read = memo.get_or_insert_with("row", load).await;
                    assert!(read >= written, "{read} after {written} was written");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}
