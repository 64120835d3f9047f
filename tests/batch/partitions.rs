//! Partitions never mix, and take turns.

use std::collections::HashMap;

use tower_weir::{
    batch::{Batch, BatchLayer, Fixed, PartitionBy},
    clock::Timestamp,
};

use crate::{
    desk::{Desk, doubled, settle},
    service::layer,
    support::{LONG, Numbers, got, is_at_rest, loading_all, ms},
};

/// Partitions by the hundreds of numbers; the desk must agree that a batch has but one.
fn by_hundreds(layer: BatchLayer<u64>, desk: &Desk) -> Numbers {
    let layer: BatchLayer<u64, PartitionBy<u64, u64>> =
        layer.partition_by(|number: &u64| number / 100);
    let desk = desk.clone();
    layer.batcher(move |batch: Batch<u64, u64>| {
        assert!(batch.items.iter().all(|number| number / 100 == batch.key), "{batch:?}");
        let mut desk = desk.clone();
        tower::Service::call(&mut desk, batch.items)
    })
}

#[tokio::test(start_paused = true)]
async fn partitions_never_mix_and_each_is_first_in_first_out() {
    let desk = Desk::new();
    let batcher = by_hundreds(
        layer().max_size(3).max_in_flight(2).max_waiting(60).linger(Fixed::new(ms(10))),
        &desk,
    );
    let numbers: Vec<u64> = (0..60).map(|n| (n * 7 % 5) * 100 + n).collect();
    let loads = loading_all(&batcher, numbers.clone()).await;
    while batcher.handle().stats().waiting > 0 {
        tokio::time::sleep(ms(11)).await;
        desk.end_all().await;
    }
    assert_eq!(got(loads).await, numbers.iter().map(|number| number * 2).collect::<Vec<_>>());
    let mut sent: HashMap<u64, Vec<u64>> = HashMap::new();
    for batch in desk.batches() {
        sent.entry(batch[0] / 100).or_default().extend(batch);
    }
    for (partition, of) in sent {
        let came: Vec<_> = numbers.iter().copied().filter(|n| n / 100 == partition).collect();
        assert_eq!(of, came);
    }
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_with_much_to_send_lets_the_others_have_their_turn() {
    let desk = Desk::new();
    let batcher = by_hundreds(
        layer().max_size(2).max_in_flight(1).max_waiting(100).linger(Fixed::new(ms(10))),
        &desk,
    );
    let mut loads = loading_all(&batcher, 0..20).await;
    loads.extend(loading_all(&batcher, [100, 200]).await);
    tokio::time::sleep(ms(11)).await;
    for _ in 0..4 {
        let call = desk.open()[0];
        desk.end(call, crate::desk::End::Doubles).await;
        tokio::time::sleep(ms(1)).await;
    }
    let sent = desk.batches();
    assert!(sent.contains(&vec![100]) && sent.contains(&vec![200]), "{sent:?}");
    desk.end_all().await;
    assert_eq!(got(loads).await.len(), 22);
}

/// One that always has one waiting before a call ends, and says that it is late.
async fn a_hasty_one_does_not_starve_others(layer: BatchLayer<u64>) {
    let desk = Desk::new();
    let batcher = by_hundreds(layer.max_size(8).max_in_flight(1), &desk);
    let mut loads = loading_all(&batcher, [1]).await;
    let cold = loading_all(&batcher, [100]).await;
    for hot in 2..20 {
        loads.extend(loading_all(&batcher, [hot]).await);
        tokio::time::sleep(ms(5)).await;
        let call = desk.open()[0];
        desk.end(call, crate::desk::End::Doubles).await;
    }
    let calls = desk.batches().iter().position(|batch| *batch == [100]);
    assert!(calls.is_some_and(|calls| calls <= 4), "{:?}", desk.batches());
    desk.end_all().await;
    got(loads).await;
    got(cold).await;
}

#[tokio::test(start_paused = true)]
async fn deadlines_that_are_over_starve_nobody() {
    let late = |number: &u64, _: Timestamp| (*number < 100).then(Timestamp::default);
    a_hasty_one_does_not_starve_others(layer().linger(Fixed::new(ms(10))).deadline_by(late)).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_due_by_its_own_first_item() {
    let desk = Desk::new();
    let batcher = by_hundreds(layer().max_in_flight(9).linger(Fixed::new(ms(10))), &desk);
    let mut loads = loading_all(&batcher, [1]).await;
    for (after, number) in [(4, 100), (4, 2), (1, 200)] {
        tokio::time::sleep(ms(after)).await;
        loads.extend(loading_all(&batcher, [number]).await);
    }
    let mut sent = Vec::new();
    for _ in 0..16 {
        tokio::time::sleep(ms(1)).await;
        settle().await;
        sent.push(desk.batches().len());
    }
    // At 10, 14 and 19 ms; it is 9 ms now.
    assert_eq!(sent, [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
    assert_eq!(desk.batches(), [vec![1, 2], vec![100], vec![200]]);
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 200, 4, 400]);
}

/// All keys have one hash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clash(u64);

impl std::hash::Hash for Clash {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[tokio::test(start_paused = true)]
async fn keys_with_the_same_hash_are_different_partitions() {
    let batcher: Numbers = layer()
        .partition_by(|number: &u64| Clash(number / 100))
        .max_size(4)
        .linger(Fixed::new(ms(10)))
        .batcher(async |batch: Batch<Clash, u64>| {
            assert!(batch.items.iter().all(|number| number / 100 == batch.key.0), "{batch:?}");
            doubled(&batch.items)
        });
    for _ in 0..3 {
        let numbers: Vec<u64> = (0..40).map(|n| (n * 7 % 5) * 100 + n).collect();
        let loads = loading_all(&batcher, numbers.clone()).await;
        assert_eq!(got(loads).await, numbers.iter().map(|n| n * 2).collect::<Vec<_>>());
        is_at_rest(&batcher.handle()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn items_are_the_same_only_within_a_partition() {
    let desk = Desk::new();
    let record = desk.clone();
    let batcher: Numbers = layer()
        .partition_by(|number: &u64| number / 100)
        .dedup_by(|number: &u64| number % 100)
        .linger(LONG)
        .batcher(move |batch: Batch<u64, u64>| {
            let mut desk = record.clone();
            tower::Service::call(&mut desk, batch.items)
        });
    let loads = loading_all(&batcher, [1, 101, 1, 101]).await;
    batcher.handle().flush();
    settle().await;
    let mut sent = desk.batches();
    sent.sort();
    assert_eq!(sent, [[1], [101]]);
    desk.end_all().await;
    assert_eq!(got(loads).await, [2, 202, 2, 202]);
}
