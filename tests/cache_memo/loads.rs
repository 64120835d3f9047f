use std::{
    convert::Infallible,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use tokio::sync::Semaphore;
use tower_weir::cache::{Memo, MemoStats};

use super::{MINUTE, allocator::allocations, answer, memo, poll};

const CROWD: usize = 10_000;

#[tokio::test]
async fn ten_thousand_who_ask_are_answered_by_one_load() {
    let (memo, source, _) = memo();
    let calls = source.calls(&memo, 7, CROWD);
    assert_eq!(source.loads(), 1);
    source.end(0, Ok(42));
    for call in calls {
        assert_eq!(call.await, Ok(42));
    }
    let stats = memo.stats();
    assert_eq!((stats.misses, stats.shared), (CROWD as u64, CROWD as u64 - 1));
    assert_eq!((stats.loads, stats.failures, stats.hits), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_tasks_on_four_threads_are_answered_by_one_load() {
    let memo = Memo::<&str, usize>::new(MINUTE);
    let (loads, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let tasks: Vec<_> = (0..CROWD)
        .map(|_| {
            let (memo, loads, gate) = (memo.clone(), Arc::clone(&loads), Arc::clone(&gate));
            tokio::spawn(async move {
                let load = || async move {
                    gate.acquire().await.unwrap().forget();
                    loads.fetch_add(1, Ordering::SeqCst) + 1
                };
                memo.get_or_insert_with("key", load).await
            })
        })
        .collect();
    // As many loads as there are tasks could pass.
    gate.add_permits(CROWD);
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    let MemoStats { hits, shared, .. } = memo.stats();
    assert_eq!(hits + shared, CROWD as u64 - 1);
}

#[tokio::test]
async fn what_was_loaded_is_kept() {
    let (memo, source, _) = memo();
    assert_eq!(memo.get(&7), None);
    let mut calls = source.calls(&memo, 7, 1);
    source.end(0, Ok(42));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(42)));
    assert_eq!((answer(source.call(&memo, 7)), memo.get(&7)), (Ok(42), Some(42)));
    assert_eq!(source.loads(), 1);
    let MemoStats { hits, misses, entries, .. } = memo.stats();
    assert_eq!((hits, misses, entries, memo.stats().bytes), (2, 2, 1, None));
    assert_eq!(memo.stats().hit_rate(), Some(0.5));
}

#[tokio::test]
async fn keys_are_loaded_by_themselves() {
    let (memo, source, _) = memo();
    let calls: Vec<_> = (0..=255).flat_map(|key| source.calls(&memo, key, 1)).collect();
    assert_eq!(source.loads(), 256);
    (0..256).rev().for_each(|load| source.end(load, Ok(load as u32)));
    for (key, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await, Ok(key as u32));
    }
}

/// All of them have the same hash, as keys may.
#[derive(Clone, PartialEq, Eq)]
struct Colliding(u8);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u8(0);
    }
}

#[tokio::test]
async fn keys_with_the_same_hash_do_not_get_each_others_values() {
    let memo = Memo::new(MINUTE);
    let (first, second) = tokio::join!(
        memo.get_or_insert_with(Colliding(1), || async { 1 }),
        memo.get_or_insert_with(Colliding(2), || async { 2 }),
    );
    assert_eq!((first, second), (1, 2));
    assert_eq!((memo.get(&Colliding(1)), memo.get(&Colliding(2))), (Some(1), Some(2)));
}

type Meddler = Box<dyn FnOnce() + Send>;

/// Does something when it is cloned, which is between the look for a value and the joining of a load.
struct Meddling(Arc<Mutex<Option<Meddler>>>);

impl Clone for Meddling {
    fn clone(&self) -> Self {
        let meddle = self.0.lock().unwrap().take();
        meddle.into_iter().for_each(|meddle| meddle());
        Self(Arc::clone(&self.0))
    }
}

impl PartialEq for Meddling {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Meddling {}

impl Hash for Meddling {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[tokio::test]
async fn what_another_has_loaded_meanwhile_is_not_loaded_again() {
    let memo = Memo::<Meddling, u8>::new(MINUTE);
    let other = memo.clone();
    let meddle: Meddler = Box::new(move || other.insert(Meddling(Arc::default()), 42));
    let key = Meddling(Arc::new(Mutex::new(Some(meddle))));
    assert_eq!(memo.get_or_insert_with(key, || async { unreachable!() }).await, 42);
}

#[tokio::test]
async fn a_value_can_be_put_there_and_asked_for_by_a_borrowed_key() {
    let memo = Memo::<String, u8>::new(MINUTE);
    memo.insert("key".to_owned(), 7);
    assert_eq!(memo.get("key"), Some(7));
    memo.invalidate("key");
    assert_eq!(memo.get("key"), None);
}

#[test]
fn memos_can_be_shared() {
    fn shareable<T: Clone + Send + Sync + Unpin + 'static>(_: &T) {}
    fn sendable<T: Send>(_: &T) {}
    let memo = Memo::<u8, Vec<u8>>::new(MINUTE);
    shareable(&memo);
    sendable(&memo.get_or_insert_with(7, || async { Vec::new() }));
    let load = |key: u8| async move { Ok::<_, Infallible>(vec![key]) };
    let loaded = memo.clone().wrap(load);
    shareable(&loaded);
    sendable(&loaded.call(7));
    memo.insert(7, vec![7]);
    assert_eq!(loaded.memo().get(&7), Some(vec![7]));
    let said = format!("{memo:?} {loaded:?}");
    assert!(said.contains("ttl: 60s") && said.contains("hits: 1"), "{said}");
}

#[tokio::test]
async fn a_function_that_is_wrapped_is_called_once() {
    let calls = AtomicUsize::new(0);
    let length = Memo::new(MINUTE).wrap(|text: String| {
        calls.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, Infallible>(text.len()) }
    });
    for _ in 0..3 {
        assert_eq!(length.call("four".to_owned()).await, Ok(4));
    }
    assert_eq!((calls.load(Ordering::SeqCst), length.memo().stats().hits), (1, 2));
}

#[tokio::test]
async fn with_a_ttl_of_zero_loads_are_shared_and_nothing_is_kept() {
    let (_, source, _) = memo();
    let memo = Memo::new(std::time::Duration::ZERO);
    let calls = source.calls(&memo, 7, 2);
    source.end(0, Ok(42));
    for call in calls {
        assert_eq!(call.await, Ok(42));
    }
    assert_eq!((memo.get(&7), memo.stats().entries), (None, 0));
    source.calls(&memo, 7, 1);
    assert_eq!(source.loads(), 2);
}

#[tokio::test]
async fn a_hit_allocates_nothing() {
    let memo = Memo::<u64, Arc<str>>::new(MINUTE);
    memo.insert(7, "value".into());
    let hit = async || memo.get_or_insert_with(7, || async { unreachable!() }).await;
    hit().await;
    assert_eq!(allocations(|| drop(memo.get(&7))), 0);
    // Every 64 hits the cache may tidy up.
    let quiet = (0..10).filter(|_| allocations(|| drop(poll(&mut std::pin::pin!(hit())))) == 0);
    assert!(quiet.count() >= 9);
}
