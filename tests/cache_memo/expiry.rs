use std::{task::Poll, time::Duration};

use tower_weir::{cache::Memo, clock::Clock};

use super::{MINUTE, SECOND, Source, answer, memo, poll};

#[tokio::test]
async fn a_value_is_good_for_its_time_from_when_it_was_loaded() {
    let (memo, source, hand) = memo();
    let mut calls = source.calls(&memo, 7, 1);
    hand.advance(10 * SECOND);
    source.end(0, Ok(42));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(42)));
    hand.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!((memo.get(&7), answer(source.call(&memo, 7))), (Some(42), Ok(42)));
    hand.advance(Duration::from_nanos(1));
    assert_eq!(memo.get(&7), None);
    let mut calls = source.calls(&memo, 7, 1);
    source.end(1, Ok(43));
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(43)));
    assert_eq!(memo.get(&7), Some(43));
}

#[tokio::test]
async fn a_value_may_say_how_long_it_is_good() {
    let (clock, hand) = Clock::manual();
    let memo = Memo::new(MINUTE).clock(clock).ttl_by(|key: &u8, value: &u32| {
        if *value == 0 { Duration::ZERO } else { SECOND * u32::from(*key) }
    });
    (1..=10).for_each(|key| memo.insert(key, 1));
    hand.advance(5 * SECOND);
    assert!((1..=10).all(|key| memo.get(&key).is_some() == (key > 5)));
    memo.insert(10, 0);
    assert_eq!(memo.get(&10), None, "the old value is not good any more");
}

#[tokio::test]
async fn a_value_may_be_good_for_ever() {
    let (clock, hand) = Clock::manual();
    let memo = Memo::new(Duration::MAX).stale_for(Duration::MAX).clock(clock);
    memo.insert(7, 42);
    hand.advance(Duration::from_secs(400 * 365 * 86_400));
    assert_eq!((memo.get(&7), memo.stats().entries), (Some(42), 1));
}

#[tokio::test]
async fn a_clock_that_is_turned_back_makes_no_value_good_again_for_longer_than_its_time() {
    let (memo, source, hand) = memo();
    memo.insert(7, 42);
    hand.turn_back(30 * SECOND);
    assert_eq!(answer(source.call(&memo, 7)), Ok(42));
    hand.advance(90 * SECOND);
    assert_eq!(memo.get(&7), None);
}

#[tokio::test]
async fn what_a_memo_is_told_makes_another() {
    let source = Source::default();
    let first = Memo::new(MINUTE);
    first.insert(7, 42);
    let second = first.clone().ttl_by(|_, _| SECOND);
    assert_eq!((first.get(&7), second.get(&7)), (Some(42), None));
    assert_eq!(source.calls(&second, 7, 1).len(), 1);
}
