//! Items and answers that panic when they are copied or dropped.

use tokio::task::JoinHandle;
use tower_weir::batch::{BatchError, BatchLayer, Batcher, Cause, Duplicates, Fixed};

use crate::{
    desk::settle,
    fragile::{Brittle, Place},
    service::layer,
    support::{failure, is_at_rest, leave, ms, refusal},
};

type Brittles = Batcher<Brittle, Brittle, String>;
type Answers = Vec<Result<Brittle, String>>;

/// Batches that leave after 10 ms, one at a time, each 5 ms long, with such answers.
fn batcher<D>(
    layer: BatchLayer<Brittle, tower_weir::batch::Unpartitioned, D>,
    answers: fn(Vec<u64>) -> Answers,
) -> Brittles
where
    D: Duplicates<Result<Brittle, String>>,
{
    layer.max_size(4).max_in_flight(1).linger(Fixed::new(ms(10))).batcher(
        move |items: Vec<Brittle>| async move {
            let numbers = items.iter().map(|item| item.number).collect();
            drop(items);
            tokio::time::sleep(ms(5)).await;
            answers(numbers)
        },
    )
}

/// The same numbers again.
fn sound(numbers: Vec<u64>) -> Answers {
    numbers.into_iter().map(|number| Ok(Brittle::sound(number))).collect()
}

/// An item that is taken in by a task of its own.
async fn loading(batcher: &Brittles, item: Brittle) -> JoinHandle<Result<u64, BatchError<String>>> {
    let load = batcher.load(item);
    let task = tokio::spawn(async move { load.await.map(|answer| answer.number) });
    settle().await;
    task
}

/// Whatever has happened, it goes on as ever.
async fn goes_on(batcher: &Brittles) {
    is_at_rest(&batcher.handle()).await;
    let (one, two) =
        (loading(batcher, Brittle::sound(1)).await, loading(batcher, Brittle::sound(2)).await);
    let one = tokio::time::timeout(ms(1_000), one).await.expect("it hangs");
    assert_eq!((one.unwrap().unwrap(), two.await.unwrap().unwrap()), (1, 2));
    is_at_rest(&batcher.handle()).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_copied_fails_its_batch() {
    let batcher = batcher(layer().dedup_by(|item: &Brittle| item.number), |numbers| {
        let answer = |number| match number {
            7 => Brittle::panics_in(Place::Clone, 7),
            other => Brittle::sound(other),
        };
        numbers.into_iter().map(|number| Ok(answer(number))).collect()
    });
    let mut loads = Vec::new();
    for number in [7, 7, 8] {
        loads.push(loading(&batcher, Brittle::sound(number)).await);
    }
    for load in loads {
        let load = tokio::time::timeout(ms(1_000), load).await.expect("it hangs");
        let failure = failure(load.unwrap());
        assert!(matches!(failure.cause(), Cause::Panic(Some(why)) if why == "no two of 7"));
    }
    goes_on(&batcher).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_wants_may_panic_as_it_is_dropped() {
    for leaver in [7, 8] {
        let batcher = batcher(layer(), |numbers| {
            let answer = |number| match number {
                1..3 => Brittle::sound(number),
                other => Brittle::panics_in(Place::Drop, other),
            };
            numbers.into_iter().map(|number| Ok(answer(number))).collect()
        });
        let seven = loading(&batcher, Brittle::sound(7)).await;
        let eight = loading(&batcher, Brittle::sound(8)).await;
        let (stays, leaves) = if leaver == 7 { (eight, seven) } else { (seven, eight) };
        tokio::time::sleep(ms(11)).await;
        assert_eq!(batcher.handle().stats().in_flight, 1);
        leave(leaves).await;
        let stayed = tokio::time::timeout(ms(1_000), stays).await.expect("it hangs");
        assert!(stayed.unwrap_err().is_panic(), "it drops its own");
        goes_on(&batcher).await;
    }
}

#[tokio::test(start_paused = true)]
async fn answers_in_a_wrong_number_may_panic_as_they_are_dropped() {
    let batcher = batcher(layer(), |numbers| match numbers[0] {
        1 => sound(numbers),
        _ => vec![Ok(Brittle::panics_in(Place::Drop, 9))],
    });
    let seven = loading(&batcher, Brittle::sound(7)).await;
    let eight = loading(&batcher, Brittle::sound(8)).await;
    for load in [seven, eight] {
        let load = tokio::time::timeout(ms(1_000), load).await.expect("it hangs");
        failure(load.unwrap());
    }
    goes_on(&batcher).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_panics_as_it_leaves_harms_whoever_drops_it() {
    let batcher = batcher(layer(), sound);
    let seven = loading(&batcher, Brittle::panics_in(Place::Drop, 7)).await;
    let eight = loading(&batcher, Brittle::sound(8)).await;
    seven.abort();
    drop(seven.await);
    assert_eq!(batcher.handle().stats().waiting, 1);
    assert_eq!(eight.await.unwrap().unwrap(), 8);
    goes_on(&batcher).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_refused_may_panic_as_it_is_dropped() {
    let batcher =
        batcher(layer().max_waiting(1).max_weight(100, |item: &Brittle| item.number), sound);
    let first = loading(&batcher, Brittle::sound(7)).await;
    for refused in [8, 200] {
        refusal(loading(&batcher, Brittle::panics_in(Place::Drop, refused)).await.await.unwrap());
    }
    refusal(loading(&batcher, Brittle::sound(9)).await.await.unwrap());
    assert_eq!(first.await.unwrap().unwrap(), 7);
    let stats = batcher.handle().stats();
    assert_eq!((stats.items, stats.refused), (1, 3));
    let fitting = layer().max_weight(100, |item: &Brittle| item.number);
    goes_on(&self::batcher(fitting, sound)).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_another_answers_for_may_panic_as_it_is_dropped() {
    let batcher = batcher(layer().dedup_by(|item: &Brittle| item.number), sound);
    let first = loading(&batcher, Brittle::sound(7)).await;
    let again = loading(&batcher, Brittle::panics_in(Place::Drop, 7)).await;
    assert_eq!((first.await.unwrap().unwrap(), again.await.unwrap().unwrap()), (7, 7));
    goes_on(&batcher).await;
}

#[tokio::test(start_paused = true)]
async fn items_that_are_dropped_with_the_call_that_had_them_may_panic() {
    let batcher = batcher(layer(), sound);
    let seven = loading(&batcher, Brittle::panics_in(Place::Drop, 7)).await;
    let eight = loading(&batcher, Brittle::sound(8)).await;
    for load in [seven, eight] {
        assert!(matches!(failure(load.await.unwrap()).cause(), Cause::Panic(Some(_))));
    }
    goes_on(&batcher).await;
}
