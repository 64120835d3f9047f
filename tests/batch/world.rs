//! A batcher, and what is known of it from outside.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tokio::{sync::oneshot, time::Instant};
use tower::{Layer, Service};
use tower_weir::batch::{Batch, BatchError, BatchFailure, Batcher, Cause, Fixed, Load, Refusal};

use crate::{
    desk::{Broken, settle},
    service::layer,
    support::{Bell, ms},
};

const MAX_SIZE: usize = 3;
const MAX_WEIGHT: u64 = 6;
const MAX_IN_FLIGHT: usize = 2;
const MAX_WAITING: usize = 10;
const MAX_PARTITIONS: usize = 3;
const LINGER: u64 = 5;

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
struct Item {
    number: u64,
    partition: u8,
    same: Option<u8>,
    weight: u64,
}

/// What the service has seen and not told yet, and how it is.
#[derive(Default)]
struct Seen {
    calls: VecDeque<(Batch<u8, Item>, oneshot::Sender<Outcome>)>,
    is_busy: bool,
    wakers: Vec<Waker>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Seen>>);

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

/// An item that waits to be sent.
struct Waiting {
    item: Item,
    since: Instant,
    waiters: Vec<u64>,
}

struct Call {
    number: u64,
    waiting: Vec<Waiting>,
    end: oneshot::Sender<Outcome>,
}

struct Waiter {
    load: Load<Item, u64, u64>,
    bell: Arc<Bell>,
    partition: u8,
}

pub(crate) struct World {
    batcher: Batcher<Item, u64, u64>,
    told: Told,
    waiters: HashMap<u64, Waiter>,
    /// By partition, in the order in which they came.
    waiting: HashMap<u8, VecDeque<Waiting>>,
    calls: Vec<Call>,
    /// All that was ever sent.
    sent: HashSet<u64>,
    items: u64,
    batches: u64,
    /// Whether tasks may have something to do yet.
    is_settled: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let told = Told::default();
        let batcher = layer()
            .max_size(MAX_SIZE)
            .max_weight(MAX_WEIGHT, |item: &Item| item.weight)
            .max_in_flight(MAX_IN_FLIGHT)
            .max_waiting(MAX_WAITING)
            .max_partitions(MAX_PARTITIONS)
            .partition_by(|item: &Item| item.partition)
            .dedup_by(|item: &Item| item.same.map_or(Err(item.number), Ok))
            .linger(Fixed::new(ms(LINGER)))
            .layer(told.clone());
        Self {
            batcher,
            told,
            waiters: HashMap::new(),
            waiting: HashMap::new(),
            calls: Vec::new(),
            sent: HashSet::new(),
            items: 0,
            batches: 0,
            is_settled: true,
        }
    }

    /// How many wait for their batch to be sent.
    fn queued(&self) -> usize {
        self.waiting.values().flatten().map(|waiting| waiting.waiters.len()).sum()
    }

    /// Why an item would be refused now.
    fn refusal(&self, partition: u8, weight: u64) -> Option<Refusal> {
        let full = Refusal::Full { retry_after: std::time::Duration::ZERO };
        let too_heavy = Refusal::TooHeavy { weight, max: MAX_WEIGHT };
        let is_open = self.waiting.contains_key(&partition);
        (weight > MAX_WEIGHT).then_some(too_heavy).or_else(|| {
            let partitions_are_full = !is_open && self.waiting.len() >= MAX_PARTITIONS;
            (self.queued() >= MAX_WAITING || partitions_are_full).then_some(full)
        })
    }

    pub(crate) fn arrive(&mut self, partition: u8, same: Option<u8>, weight: u64) {
        let number = self.items;
        self.items += 1;
        let item = Item { number, partition, same, weight };
        let expected = self.refusal(partition, weight);
        let (mut load, bell) = (self.batcher.load(item.clone()), Arc::new(Bell::default()));
        match (bell.poll(&mut load), expected) {
            (Poll::Pending, None) => {}
            (Poll::Ready(Err(BatchError::Refused(refusal))), Some(expected)) => {
                let is_the_same =
                    std::mem::discriminant(&refusal) == std::mem::discriminant(&expected);
                assert!(is_the_same, "{refusal:?}, and not {expected:?}");
                return;
            }
            (polled, expected) => panic!("{polled:?}, and not {expected:?}"),
        }
        self.waiters.insert(number, Waiter { load, bell, partition });
        let waiting = self.waiting.entry(partition).or_default();
        let twin = waiting.iter_mut().find(|twin| same.is_some() && twin.item.same == same);
        match twin {
            Some(twin) => twin.waiters.push(number),
            None => {
                waiting.push_back(Waiting { item, since: Instant::now(), waiters: vec![number] });
            }
        }
        self.is_settled = false;
    }

    pub(crate) fn leave(&mut self, who: usize) {
        let mut numbers: Vec<u64> = self.waiters.keys().copied().collect();
        numbers.sort_unstable();
        let Some(number) = numbers.get(who % numbers.len().max(1)) else { return };
        let Some(Waiter { load, partition, .. }) = self.waiters.remove(number) else { return };
        drop(load);
        if let Some(waiting) = self.waiting.get_mut(&partition) {
            for one in &mut *waiting {
                one.waiters.retain(|waiter| waiter != number);
            }
            waiting.retain(|one| !one.waiters.is_empty());
            if waiting.is_empty() {
                self.waiting.remove(&partition);
            }
        }
        for call in &mut self.calls {
            for one in &mut call.waiting {
                one.waiters.retain(|waiter| waiter != number);
            }
        }
        self.is_settled = false;
    }

    pub(crate) async fn settle(&mut self) {
        settle().await;
        self.is_settled = true;
    }

    pub(crate) async fn advance(&mut self, millis: u64) {
        self.settle().await;
        self.see();
        tokio::time::sleep(ms(millis)).await;
        self.settle().await;
    }

    pub(crate) fn flush(&mut self) {
        self.batcher.handle().flush();
        self.is_settled = false;
    }

    pub(crate) fn ready(&mut self, is_ready: bool) {
        let mut seen = self.told.0.lock().unwrap();
        seen.is_busy = !is_ready;
        std::mem::take(&mut seen.wakers).into_iter().for_each(Waker::wake);
        drop(seen);
        self.is_settled = false;
    }

    pub(crate) async fn end(&mut self, call: usize, outcome: Outcome) {
        if self.calls.is_empty() {
            return;
        }
        let Call { number, waiting, end } = self.calls.swap_remove(call % self.calls.len());
        assert!(end.send(outcome).is_ok(), "a call goes on, whoever has left");
        self.settle().await;
        let items = waiting.len();
        for Waiting { item, waiters, .. } in waiting {
            for waiter in waiters {
                let Waiter { mut load, bell, .. } = self.waiters.remove(&waiter).expect("it waits");
                assert_eq!(bell.rung(), 1, "woken once, for its answer");
                let Poll::Ready(answer) = bell.poll(&mut load) else { panic!("no answer") };
                answers(&answer, &item, items, number, outcome);
            }
        }
    }

    /// Takes note of the batches that have left since.
    fn see(&mut self) {
        loop {
            let Some((batch, end)) = self.told.0.lock().unwrap().calls.pop_front() else { return };
            self.batches += 1;
            let waiting = self.waiting.get_mut(&batch.key).expect("somebody waits for it");
            let sent: Vec<Waiting> =
                waiting.drain(..batch.items.len().min(waiting.len())).collect();
            if waiting.is_empty() {
                self.waiting.remove(&batch.key);
            }
            let numbers =
                |items: &mut dyn Iterator<Item = &Item>| items.map(|i| i.number).collect();
            let expected: Vec<u64> = numbers(&mut sent.iter().map(|waiting| &waiting.item));
            let was_sent: Vec<u64> = numbers(&mut batch.items.iter());
            assert_eq!(was_sent, expected, "the oldest of the partition, in their order");
            assert!(was_sent.iter().all(|number| self.sent.insert(*number)), "sent twice");
            assert!((1..=MAX_SIZE).contains(&was_sent.len()));
            let weight: u64 = batch.items.iter().map(|item| item.weight).sum();
            assert!(weight <= MAX_WEIGHT, "{weight}");
            self.calls.push(Call { number: self.batches, waiting: sent, end });
        }
    }

    pub(crate) fn check(&mut self) {
        self.see();
        let stats = self.batcher.handle().stats();
        assert_eq!((stats.waiting, stats.in_flight), (self.queued(), self.calls.len()));
        assert_eq!(stats.batches, self.batches);
        assert!(self.queued() <= MAX_WAITING);
        assert!(self.calls.len() <= MAX_IN_FLIGHT, "{} calls", self.calls.len());
        assert!(self.waiting.len() <= MAX_PARTITIONS);
        assert!(self.waiters.values().all(|waiter| waiter.bell.rung() == 0), "woken for nothing");
        let may_call = self.calls.len() < MAX_IN_FLIGHT && !self.told.0.lock().unwrap().is_busy;
        if !self.is_settled || !may_call {
            return;
        }
        for waiting in self.waiting.values() {
            assert!(waiting.len() < MAX_SIZE, "a full batch waits");
            assert!(
                waiting.iter().map(|one| one.item.weight).sum::<u64>() < MAX_WEIGHT,
                "a heavy batch"
            );
            assert!(waiting[0].since.elapsed() <= ms(LINGER + 1), "its linger is over");
        }
    }

    /// Sees to it that everyone who waits is answered, and nothing is left.
    pub(crate) async fn finish(mut self) {
        self.ready(true);
        while self.queued() > 0 || !self.calls.is_empty() {
            self.advance(LINGER + 1).await;
            self.check();
            assert!(!self.calls.is_empty(), "nothing happens any more");
            self.end(0, Outcome::Answers).await;
            self.check();
        }
        self.settle().await;
        assert!(self.waiters.is_empty());
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(tasks, 0, "a runner is left");
        let stats = self.batcher.handle().stats();
        assert_eq!(stats.items + stats.refused, self.items);
    }
}

/// It is what this item is to get when its batch ends so.
fn answers(
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
