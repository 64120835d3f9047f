//! A service that ends each call as it is told, and what everyone is to get then.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tokio::sync::oneshot;
use tower::Service;
use tower_weir::batch::{Batch, BatchError, BatchFailure, Cause};

use crate::desk::Broken;

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Answers,
    /// The answer to every item with an odd number is an error.
    SomeFail,
    Fails,
    Panics,
    /// So many answers more than items.
    Miscounts(isize),
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) number: u64,
    pub(crate) partition: u8,
    pub(crate) same: Option<u8>,
    pub(crate) weight: u64,
}

/// What the service has seen and not told yet, and how it is.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: VecDeque<(Batch<u8, Item>, oneshot::Sender<Outcome>)>,
    pub(crate) is_busy: bool,
    pub(crate) wakers: Vec<Waker>,
}

#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Arc<Mutex<Seen>>);

impl Service<Batch<u8, Item>> for Told {
    type Response = Vec<Result<u64, u64>>;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_busy {
            seen.wakers.push(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch<u8, Item>) -> Self::Future {
        let numbers: Vec<u64> = batch.items.iter().map(|item| item.number).collect();
        let (end, told) = oneshot::channel();
        self.0.lock().unwrap().calls.push_back((batch, end));
        Box::pin(async move {
            let answer = |number: u64| Ok(number);
            match told.await.expect("a call is told how to end") {
                Outcome::Answers => Ok(numbers.into_iter().map(answer).collect()),
                Outcome::SomeFail => Ok(numbers
                    .into_iter()
                    .map(|number| if number % 2 == 1 { Err(number) } else { Ok(number) })
                    .collect()),
                Outcome::Fails => Err(Broken("as it was told")),
                Outcome::Panics => panic!("as it was told"),
                Outcome::Miscounts(more) => {
                    let many = numbers.len().saturating_add_signed(more);
                    Ok(numbers.into_iter().cycle().take(many).map(answer).collect())
                }
            }
        })
    }
}

/// It is what this item is to get when its batch ends so.
pub(crate) fn answers(
    answer: &Result<u64, BatchError<u64>>,
    item: &Item,
    items: usize,
    number: u64,
    outcome: Outcome,
) {
    let failed = |of: &BatchFailure| {
        assert_eq!((of.items(), of.number()), (items, number));
        match (of.cause(), outcome) {
            (Cause::Error(error), Outcome::Fails) => error.to_string() == "as it was told",
            (Cause::Panic(why), Outcome::Panics) => why.as_deref() == Some("as it was told"),
            (Cause::WrongCount(many), Outcome::Miscounts(more)) => {
                *many == items.saturating_add_signed(more) && *many != items
            }
            _ => false,
        }
    };
    let is_right = match (answer, outcome) {
        (Ok(number), Outcome::Answers | Outcome::Miscounts(0)) => *number == item.number,
        (Ok(number), Outcome::SomeFail) => *number == item.number && number % 2 == 0,
        (Err(BatchError::Item(number)), Outcome::SomeFail) => {
            *number == item.number && number % 2 == 1
        }
        (Err(BatchError::Failed(failure)), _) => failed(failure),
        _ => false,
    };
    assert!(is_right, "{answer:?} for {item:?} of a batch that ended so: {outcome:?}");
}
