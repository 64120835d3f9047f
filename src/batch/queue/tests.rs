use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Wake, Waker},
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::{
    batch::{Fixed, Refusal},
    clock::Timestamp,
};

const LINGER: Duration = Duration::from_millis(5);
const BOUNDS: Bounds =
    Bounds { max_size: 3, max_weight: 6, max_in_flight: 2, max_waiting: 10, max_partitions: 3 };

/// What is sent: who asked, and what tells it from others.
type Sent = (usize, u8);

/// An item, its weight, what it may be the same as, and how many wait for it.
type Unsent = (Sent, u64, Option<u8>, usize);

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A queue, and what is known of it from outside.
struct World {
    queue: Queue<Sent, Sent, u8>,
    now: Timestamp,
    /// Whether there is a runner that looks, and when it looks again if it is not woken.
    looker: Option<Timestamp>,
    looker_woken: Arc<Woken>,
    calls: Vec<Taken<Sent, u8>>,
    /// Who waits, by ticket: what it asked for, and the waker that it gave.
    waiting: HashMap<usize, (Sent, Arc<Woken>)>,
    /// What was not sent yet, by partition, in the order in which it came; with the number of its waiters.
    unsent: HashMap<u8, VecDeque<Unsent>>,
    asked: usize,
    answered: usize,
    closed: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Enter { key: u8, weight: u64, same: Option<u8>, deadline: Option<u8> },
    Leave(usize),
    Look,
    End(usize),
    Advance(u8),
    Poll(usize),
    Flush,
    Close,
    LoseLooker,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let enter = (0..4_u8, 0..8_u64, proptest::option::of(0..3_u8), proptest::option::of(0..9_u8))
        .prop_map(|(key, weight, same, deadline)| Step::Enter { key, weight, same, deadline });
    let step = prop_oneof![
        8 => enter,
        2 => any::<usize>().prop_map(Step::Leave),
        6 => Just(Step::Look),
        3 => any::<usize>().prop_map(Step::End),
        3 => (0..7_u8).prop_map(Step::Advance),
        1 => any::<usize>().prop_map(Step::Poll),
        1 => Just(Step::Flush),
        1 => Just(Step::LoseLooker),
    ];
    (proptest::collection::vec(step, 0..120), any::<bool>()).prop_map(|(mut steps, close)| {
        if close {
            steps.push(Step::Close);
        }
        steps
    })
}

impl World {
    fn new() -> Self {
        Self {
            queue: Queue::new(BOUNDS, Box::new(Fixed::new(LINGER))),
            now: Timestamp::from_nanos(1),
            looker: None,
            looker_woken: Arc::default(),
            calls: Vec::new(),
            waiting: HashMap::new(),
            unsent: HashMap::new(),
            asked: 0,
            answered: 0,
            closed: false,
        }
    }

    fn rouse(&mut self, rouse: Rouse) {
        match rouse {
            Rouse::Nothing => {}
            Rouse::Spawn => {
                assert_eq!(self.looker, None, "one looks already");
                self.looker = Some(self.now);
            }
            Rouse::Wake(waker) => {
                assert!(waker.will_wake(&Waker::from(Arc::clone(&self.looker_woken))));
                self.looker = Some(self.now);
            }
        }
    }

    fn unsent(&self) -> usize {
        self.unsent.values().flatten().map(|(.., waiters)| waiters).sum()
    }

    fn enter(&mut self, key: u8, weight: u64, same: Option<u8>, deadline: Option<u8>) {
        let request = (self.asked, key);
        self.asked += 1;
        let deadline = deadline.map(|ms| self.now.saturating_add(Duration::from_millis(ms.into())));
        let entry = Entry { request, key, weight, same: same.map(u128::from), deadline };
        let woken = Arc::new(Woken::default());
        let (entered, _) = self.queue.enter(entry, self.now, Waker::from(Arc::clone(&woken)));
        let is_open = self.unsent.get(&key).is_some_and(|items| !items.is_empty());
        let open = self.unsent.values().filter(|items| !items.is_empty()).count();
        let expected = if self.closed {
            Some(Refusal::Closed)
        } else if weight > BOUNDS.max_weight {
            Some(Refusal::TooHeavy { weight, max: BOUNDS.max_weight })
        } else if self.unsent() >= BOUNDS.max_waiting || (!is_open && open >= BOUNDS.max_partitions)
        {
            Some(Refusal::Full { retry_after: Duration::ZERO })
        } else {
            None
        };
        let (ticket, rouse) = match entered {
            Ok(entered) => entered,
            Err(refusal) => return assert_eq!(Some(refusal), expected),
        };
        assert_eq!(expected, None);
        let items = self.unsent.entry(key).or_default();
        let twin = items.iter_mut().find(|(_, _, other, _)| same.is_some() && *other == same);
        let sent = match twin {
            Some((sent, .., waiters)) => {
                *waiters += 1;
                *sent
            }
            None => {
                items.push_back((request, weight, same, 1));
                request
            }
        };
        assert!(self.waiting.insert(ticket, (sent, woken)).is_none(), "a ticket is one's own");
        self.rouse(rouse);
    }

    fn pick(&self, at: usize) -> Option<usize> {
        let mut tickets: Vec<usize> = self.waiting.keys().copied().collect();
        tickets.sort_unstable();
        (!tickets.is_empty()).then(|| tickets[at % tickets.len()])
    }

    fn leave(&mut self, at: usize) {
        let Some(ticket) = self.pick(at) else { return };
        let Some((sent, _)) = self.waiting.remove(&ticket) else { return };
        let was_queued = self.queue.leave(ticket).was_queued;
        let items = self.unsent.entry(sent.1).or_default();
        let place = items.iter().position(|(item, ..)| *item == sent);
        assert_eq!(was_queued, place.is_some());
        if let Some(place) = place {
            items[place].3 -= 1;
            if items[place].3 == 0 {
                items.remove(place);
            }
        }
    }

    fn look(&mut self) {
        let Some(at) = self.looker else { return };
        if at > self.now {
            return;
        }
        let waker = Waker::from(Arc::clone(&self.looker_woken));
        match self.queue.look(self.now, self.now, &waker) {
            Look::End => {
                assert_eq!(self.unsent(), 0);
                self.looker = None;
            }
            Look::Wait(until) => {
                assert!(until > self.now && until <= self.now.saturating_add(LINGER));
                self.looker = Some(until);
            }
            Look::Send(mut taken) => {
                self.looker = None;
                let rouse = std::mem::replace(&mut taken.rouse, Rouse::Nothing);
                self.check(&taken);
                self.calls.push(taken);
                self.rouse(rouse);
            }
        }
    }

    /// A batch is what waited longest in its partition, and no more than may be.
    fn check(&mut self, taken: &Taken<Sent, u8>) {
        assert!(!taken.requests.is_empty() && taken.requests.len() <= BOUNDS.max_size);
        assert_eq!(taken.requests.len(), taken.waiters.len());
        let items = self.unsent.get_mut(taken.key.as_ref().unwrap()).expect("it has items");
        let mut sum = 0;
        for (request, waiters) in taken.requests.iter().zip(&taken.waiters) {
            let (oldest, weight, _, many) = items.pop_front().expect("it was waiting");
            assert_eq!((*request, waiters.len()), (oldest, many));
            sum += weight;
        }
        assert_eq!(taken.weight, sum);
        assert!(sum <= BOUNDS.max_weight);
        let more = items.front().is_some_and(|(_, weight, ..)| sum + weight <= BOUNDS.max_weight);
        assert!(!more || taken.requests.len() == BOUNDS.max_size, "as many leave as may");
        assert_eq!(taken.flush == Flush::Full, taken.requests.len() == BOUNDS.max_size);
    }

    fn end(&mut self, at: usize) {
        if self.calls.is_empty() {
            return;
        }
        let taken = self.calls.swap_remove(at % self.calls.len());
        for (request, waiters) in taken.requests.iter().zip(taken.waiters) {
            for waiter in waiters {
                match self.queue.answer(waiter, *request) {
                    Given::Wake(waker) => {
                        waker.expect("it was not answered before").wake();
                        let (sent, woken) = self.waiting.remove(&waiter).expect("it waits");
                        assert_eq!((sent, woken.0.load(Ordering::Relaxed)), (*request, 1));
                        let (answer, ..) = self.queue.poll(waiter, Waker::noop());
                        assert_eq!(answer, Poll::Ready(*request));
                        self.answered += 1;
                    }
                    Given::Unwanted(answer) => assert_eq!(answer, *request),
                }
            }
        }
        let ended = self.queue.end_call(taken.requests.len(), Duration::ZERO, false);
        if ended.goes_on {
            assert_eq!(self.looker, None);
            self.looker = Some(self.now);
        }
        self.rouse(ended.rouse);
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Enter { key, weight, same, deadline } => self.enter(key, weight, same, deadline),
            Step::Leave(at) => self.leave(at),
            Step::Look => self.look(),
            Step::End(at) => self.end(at),
            Step::Advance(ms) => {
                self.now = self.now.saturating_add(Duration::from_millis(ms.into()));
            }
            Step::Poll(at) => {
                let Some(ticket) = self.pick(at) else { return };
                let waker = Waker::from(Arc::clone(&self.waiting[&ticket].1));
                let (answer, rouse, _) = self.queue.poll(ticket, &waker);
                assert_eq!(answer, Poll::Pending);
                self.rouse(rouse);
            }
            Step::Flush | Step::Close => {
                self.closed |= matches!(step, Step::Close);
                let flush = if self.closed { Flush::Shutdown } else { Flush::Linger };
                let rouse = self.queue.flush(flush, self.now);
                self.rouse(rouse);
            }
            Step::LoseLooker => {
                if self.looker.take().is_some() {
                    let wakers = self.queue.lose_looker();
                    assert_eq!(wakers.len(), self.unsent());
                    // Whoever is woken polls, and so finds another.
                    if let Some(ticket) = self.waiting.iter().find_map(|(ticket, (sent, _))| {
                        let items = &self.unsent[&sent.1];
                        items.iter().any(|(item, ..)| item == sent).then_some(*ticket)
                    }) {
                        let waker = Waker::from(Arc::clone(&self.waiting[&ticket].1));
                        let (_, rouse, _) = self.queue.poll(ticket, &waker);
                        self.rouse(rouse);
                    }
                }
            }
        }
        assert_eq!(self.queue.waiting(), self.unsent());
        assert_eq!(self.queue.running(), self.calls.len());
        assert!(self.calls.len() <= BOUNDS.max_in_flight);
        let is_seen = self.looker.is_some() || self.calls.len() == BOUNDS.max_in_flight;
        assert!(self.unsent() == 0 || is_seen, "somebody looks at what waits");
        let idle = self.queue.poll_idle(Waker::noop()).is_ready();
        assert_eq!(idle, self.unsent() == 0 && self.calls.is_empty());
    }
}

proptest! {
    #[test]
    fn everyone_gets_the_answer_to_what_they_asked_for(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(&step);
        }
        while world.unsent() > 0 || !world.calls.is_empty() {
            world.step(&Step::Advance(5));
            world.step(&Step::Look);
            world.step(&Step::End(0));
        }
        prop_assert!(world.waiting.is_empty(), "nobody is left waiting");
        prop_assert_eq!(world.queue.items.len(), 0);
        prop_assert_eq!(world.queue.partitions.len(), 0);
        prop_assert!(world.queue.same.is_empty());
        let counts = world.queue.counts();
        prop_assert_eq!(counts.items + counts.refused, world.asked as u64);
        prop_assert!(counts.items >= world.answered as u64 + counts.abandoned);
    }
}

/// Items of one partition whose linger is over wait no longer because another partition always has full batches.
#[test]
fn partitions_take_turns() {
    let mut world = World::new();
    for _ in 0..9 {
        world.enter(0, 1, None, None);
    }
    world.enter(1, 1, None, None);
    world.step(&Step::Advance(5));
    let mut keys = Vec::new();
    while world.unsent() > 0 {
        world.step(&Step::Look);
        keys.extend(world.calls.iter().map(|taken| *taken.key.as_ref().unwrap()));
        world.step(&Step::End(0));
    }
    assert_eq!(keys, [0, 1, 0, 0]);
}

#[test]
fn a_batch_leaves_before_the_deadline_of_what_it_has() {
    let mut world = World::new();
    world.enter(0, 1, None, None);
    world.enter(0, 1, Some(0), None);
    world.step(&Step::Look);
    assert_eq!(world.looker, Some(world.now.saturating_add(LINGER)));
    // The same as one that waits, and wanted sooner.
    world.enter(0, 1, Some(0), Some(2));
    assert_eq!(world.looker, Some(world.now), "it is woken to see that");
    world.step(&Step::Look);
    assert_eq!(world.looker, Some(world.now.saturating_add(Duration::from_millis(2))));
}
