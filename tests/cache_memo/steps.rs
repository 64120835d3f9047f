//! Random steps, beside a plain model of what they come to.

use std::{collections::HashMap, task::Poll, time::Duration};

use proptest::{prelude::*, sample::Index};
use tower_weir::{
    cache::Memo,
    clock::{Clock, ManualClock},
};

use super::{Answer, Broken, Call, SECOND, Source, poll, settle};

#[derive(Clone, Debug)]
enum Step {
    Call(u8),
    Get(u8),
    Insert(u8),
    Invalidate(u8),
    Clear,
    Wait(u32),
    Leave(Index),
    End(Index, bool),
}

const TTL: u64 = 10;

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..3_u8;
    prop_oneof![
        6 => key().prop_map(Step::Call),
        2 => key().prop_map(Step::Get),
        1 => key().prop_map(Step::Insert),
        1 => key().prop_map(Step::Invalidate),
        1 => Just(Step::Clear),
        2 => (1..8_u32).prop_map(Step::Wait),
        3 => any::<Index>().prop_map(Step::Leave),
        4 => (any::<Index>(), any::<bool>()).prop_map(|(load, works)| Step::End(load, works)),
    ]
}

struct World {
    memo: Memo<u8, u32>,
    source: Source,
    hand: ManualClock,
    /// Those who wait, and for which load; of each load, the one who runs it first.
    callers: Vec<(usize, Call)>,
    known: Known,
}

/// What is expected.
#[derive(Default)]
struct Known {
    now: u64,
    kept: HashMap<u8, (u32, u64)>,
    /// The load that whoever asks joins.
    joined: HashMap<u8, usize>,
    /// The keys of all loads; `None` once they have ended.
    loads: Vec<Option<u8>>,
    values: u32,
}

impl Known {
    fn fresh(&self, key: u8) -> Option<u32> {
        let kept = self.kept.get(&key).filter(|(_, expires)| self.now < *expires);
        kept.map(|(value, _)| *value)
    }

    fn keep(&mut self, key: u8, value: u32) {
        self.kept.insert(key, (value, self.now + TTL));
    }

    fn next_value(&mut self) -> u32 {
        self.values += 1;
        self.values
    }
}

impl World {
    fn new() -> Self {
        let (clock, hand) = Clock::manual();
        let memo = Memo::new(Duration::from_secs(TTL)).clock(clock);
        let (source, callers, known) = (Source::default(), Vec::new(), Known::default());
        Self { memo, source, hand, callers, known }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Call(key) => self.call(key),
            Step::Get(key) => assert_eq!(self.memo.get(&key), self.known.fresh(key)),
            Step::Insert(key) => {
                let value = self.known.next_value();
                self.memo.insert(key, value);
                self.known.joined.remove(&key);
                self.known.keep(key, value);
            }
            Step::Invalidate(key) => {
                self.memo.invalidate(&key);
                self.known.joined.remove(&key);
                self.known.kept.remove(&key);
            }
            Step::Clear => {
                self.memo.clear();
                self.known.joined.clear();
                self.known.kept.clear();
            }
            Step::Wait(seconds) => {
                self.hand.advance(SECOND * seconds);
                self.known.now += u64::from(seconds);
            }
            Step::Leave(caller) => {
                if !self.callers.is_empty() {
                    drop(self.callers.remove(caller.index(self.callers.len())));
                    settle().await;
                }
            }
            Step::End(load, works) => {
                let under_way: Vec<_> = (0..self.known.loads.len())
                    .filter(|load| self.known.loads[*load].is_some())
                    .collect();
                if !under_way.is_empty() {
                    self.end(*load.get(&under_way), works).await;
                }
            }
        }
        assert_eq!(self.source.loads(), self.known.loads.len());
    }

    fn call(&mut self, key: u8) {
        let mut call = self.source.call(&self.memo, key);
        let answer = poll(&mut call);
        if let Some(value) = self.known.fresh(key) {
            assert_eq!(answer, Poll::Ready(Ok(value)));
            return;
        }
        assert_eq!(answer, Poll::Pending);
        let next = self.known.loads.len();
        let load = *self.known.joined.entry(key).or_insert(next);
        if load == next {
            self.known.loads.push(Some(key));
        }
        self.callers.push((load, call));
    }

    async fn end(&mut self, load: usize, works: bool) {
        let key = self.known.loads[load].take().unwrap();
        let value = self.known.next_value();
        let answer: Answer = if works { Ok(value) } else { Err(Broken(value)) };
        self.source.end(load, answer.clone());
        settle().await;
        let (waiting, others) =
            std::mem::take(&mut self.callers).into_iter().partition(|(of, _)| *of == load);
        self.callers = others;
        let waiting: Vec<_> = waiting;
        for (_, mut call) in waiting {
            assert_eq!(poll(&mut call), Poll::Ready(answer.clone()));
        }
        if self.known.joined.get(&key) == Some(&load) {
            self.known.joined.remove(&key);
            if works {
                self.known.keep(key, value);
            }
        }
    }
}

proptest! {
    #[test]
    fn every_step_comes_to_what_it_should(steps in prop::collection::vec(step(), 1..100)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
            }
            let loads = world.memo.stats().loads;
            assert_eq!(loads, world.known.loads.len() as u64);
        });
    }
}
