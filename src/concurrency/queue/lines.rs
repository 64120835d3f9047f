//! Who waits, and in which order they come to their turn.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use slab::Slab;

use crate::{
    clock::Timestamp,
    key::Key,
    list::{Link, List},
};

/// Lines of waiters: one for each key of each class that has any.
///
/// Within a class the lines take turns. Every operation takes the same time however many wait.
#[derive(Debug)]
pub(in crate::concurrency) struct Lines<T> {
    waiters: Slab<Waiter<T>>,
    lines: Slab<Line>,
    by_name: HashMap<(usize, Key), usize, FxBuildHasher>,
    classes: Box<[Class]>,
    waiting: usize,
}

#[derive(Debug)]
struct Waiter<T> {
    value: T,
    since: Timestamp,
    /// The line; `None` once it has left it.
    line: Option<usize>,
    in_line: Link,
    by_age: Link,
}

#[derive(Debug)]
struct Line {
    class: usize,
    key: Key,
    len: usize,
    waiters: List,
    in_turns: Link,
    by_len: Link,
}

#[derive(Debug, Default)]
struct Class {
    waiting: usize,
    /// Since when any have.
    busy_since: Option<Timestamp>,
    /// All who wait, those first who came first.
    by_age: List,
    lines: usize,
    /// Its lines, the next one first.
    turns: List,
    /// Its lines by their length, less one.
    by_len: Vec<List>,
    longest: usize,
}

/// One end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::concurrency) enum End {
    /// Whoever has waited longest.
    Oldest,
    /// Whoever came last.
    Youngest,
}

impl<T> Lines<T> {
    pub(in crate::concurrency) fn new(classes: usize) -> Self {
        Self {
            waiters: Slab::new(),
            lines: Slab::new(),
            by_name: HashMap::default(),
            classes: (0..classes).map(|_| Class::default()).collect(),
            waiting: 0,
        }
    }

    /// How many classes there are.
    pub(in crate::concurrency) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// How many wait.
    pub(in crate::concurrency) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many of a class wait.
    pub(in crate::concurrency) fn waiting_of(&self, class: usize) -> usize {
        self.classes[class].waiting
    }

    /// Since when any of a class have waited.
    pub(in crate::concurrency) fn busy_since(&self, class: usize) -> Option<Timestamp> {
        self.classes[class].busy_since
    }

    /// Counts from `now` on since when they have.
    pub(in crate::concurrency) fn begin_anew(&mut self, now: Timestamp) {
        for class in &mut self.classes {
            class.busy_since = class.busy_since.map(|_| now);
        }
    }

    /// How many lines a class has: one for each key of which any wait.
    pub(in crate::concurrency) fn lines_of(&self, class: usize) -> usize {
        self.classes[class].lines
    }

    /// How many of a key in a class wait.
    pub(in crate::concurrency) fn len(&self, class: usize, key: Key) -> usize {
        self.by_name.get(&(class, key)).map_or(0, |line| self.lines[*line].len)
    }

    /// Joins the end of a line. Where it is found from now on, also when it has left the line, until it is
    /// [forgotten](Self::forget).
    pub(in crate::concurrency) fn join(
        &mut self,
        class: usize,
        key: Key,
        now: Timestamp,
        value: T,
    ) -> usize {
        let line = match self.by_name.get(&(class, key)) {
            Some(line) => *line,
            None => self.open(class, key),
        };
        let waiter = Waiter {
            value,
            since: now,
            line: Some(line),
            in_line: Link::default(),
            by_age: Link::default(),
        };
        let at = self.waiters.insert(waiter);
        let of_class = &mut self.classes[class];
        of_class.by_age.push_back(&mut self.waiters, |waiter| &mut waiter.by_age, at);
        of_class.waiting += 1;
        of_class.busy_since.get_or_insert(now);
        let mut waiters = self.lines[line].waiters;
        waiters.push_back(&mut self.waiters, |waiter| &mut waiter.in_line, at);
        self.lines[line].waiters = waiters;
        self.resize(line, self.lines[line].len + 1);
        self.waiting += 1;
        at
    }

    /// Leaves its line, if it still stands there. Whether it did.
    pub(in crate::concurrency) fn leave(&mut self, at: usize) -> bool {
        let Some(line) = self.waiters[at].line.take() else { return false };
        let of_class = &mut self.classes[self.lines[line].class];
        of_class.by_age.remove(&mut self.waiters, |waiter| &mut waiter.by_age, at);
        of_class.waiting -= 1;
        if of_class.waiting == 0 {
            of_class.busy_since = None;
        }
        let mut waiters = self.lines[line].waiters;
        waiters.remove(&mut self.waiters, |waiter| &mut waiter.in_line, at);
        self.lines[line].waiters = waiters;
        self.waiting -= 1;
        self.resize(line, self.lines[line].len - 1);
        if self.lines[line].len == 0 {
            self.close(line);
        }
        true
    }

    /// Whoever of a class has the next turn, which leaves its line.
    pub(in crate::concurrency) fn next(&mut self, class: usize, end: End) -> Option<usize> {
        let class = &mut self.classes[class];
        let line = class.turns.first()?;
        // Its next turn is after all others.
        class.turns.remove(&mut self.lines, |line| &mut line.in_turns, line);
        class.turns.push_back(&mut self.lines, |line| &mut line.in_turns, line);
        let next = self.end_of(line, end)?;
        self.leave(next);
        Some(next)
    }

    /// Whoever stands at one end of a class's longest line, and how long that is.
    pub(in crate::concurrency) fn longest(&self, class: usize, end: End) -> Option<(usize, usize)> {
        let longest = self.classes[class].longest;
        let line = self.classes[class].by_len.get(longest.checked_sub(1)?)?.first()?;
        Some((longest, self.end_of(line, end)?))
    }

    /// Whoever has waited longest of a key in a class.
    pub(in crate::concurrency) fn oldest_of(&self, class: usize, key: Key) -> Option<usize> {
        self.end_of(*self.by_name.get(&(class, key))?, End::Oldest)
    }

    /// Whoever of a class has waited longest, and since when.
    pub(in crate::concurrency) fn oldest(&self, class: usize) -> Option<(usize, Timestamp)> {
        let oldest = self.classes[class].by_age.first()?;
        Some((oldest, self.waiters[oldest].since))
    }

    /// What someone joined with.
    pub(in crate::concurrency) fn value_mut(&mut self, at: usize) -> &mut T {
        &mut self.waiters[at].value
    }

    /// Takes someone out for good, who leaves its line first if it still stands there.
    pub(in crate::concurrency) fn forget(&mut self, at: usize) -> T {
        self.leave(at);
        self.waiters.remove(at).value
    }

    fn end_of(&self, line: usize, end: End) -> Option<usize> {
        let waiters = &self.lines[line].waiters;
        match end {
            End::Oldest => waiters.first(),
            End::Youngest => waiters.last(),
        }
    }

    fn open(&mut self, class: usize, key: Key) -> usize {
        let line = self.lines.insert(Line {
            class,
            key,
            len: 0,
            waiters: List::default(),
            in_turns: Link::default(),
            by_len: Link::default(),
        });
        self.by_name.insert((class, key), line);
        let class = &mut self.classes[class];
        class.lines += 1;
        class.turns.push_back(&mut self.lines, |line| &mut line.in_turns, line);
        line
    }

    fn close(&mut self, line: usize) {
        let class = &mut self.classes[self.lines[line].class];
        class.lines -= 1;
        class.turns.remove(&mut self.lines, |line| &mut line.in_turns, line);
        let Line { class, key, .. } = self.lines.remove(line);
        self.by_name.remove(&(class, key));
    }

    /// Gives a line another length, one more or one less.
    fn resize(&mut self, line: usize, len: usize) {
        let old = std::mem::replace(&mut self.lines[line].len, len);
        let class = &mut self.classes[self.lines[line].class];
        if let Some(at) = old.checked_sub(1) {
            class.by_len[at].remove(&mut self.lines, |line| &mut line.by_len, line);
        }
        if let Some(at) = len.checked_sub(1) {
            if at == class.by_len.len() {
                class.by_len.push(List::default());
            }
            class.by_len[at].push_back(&mut self.lines, |line| &mut line.by_len, line);
        }
        class.longest = class.longest.max(len);
        // By one step, as it was one waiter that left.
        if class.longest == old && class.by_len[old - 1].first().is_none() {
            class.longest = len;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;
    use crate::key::KeySeed;

    const CLASSES: usize = 3;
    const KEYS: usize = 4;

    fn key(n: usize) -> Key {
        KeySeed::fixed([1, 2]).key(&n)
    }

    /// The same in as few words as possible, and slowly.
    #[derive(Default)]
    struct Model {
        /// Place, class, key; in the order in which they came.
        waiting: Vec<(usize, usize, usize)>,
        /// The keys of a class whose turn is next.
        turns: [VecDeque<usize>; CLASSES],
    }

    impl Model {
        fn line(&self, class: usize, key: usize) -> impl DoubleEndedIterator<Item = usize> {
            let of_line = self.waiting.iter().filter(move |w| (w.1, w.2) == (class, key));
            of_line.map(|w| w.0).collect::<Vec<_>>().into_iter()
        }

        fn end(&self, class: usize, key: usize, end: End) -> Option<usize> {
            let mut line = self.line(class, key);
            if end == End::Oldest { line.next() } else { line.next_back() }
        }

        fn leave(&mut self, at: usize) {
            let Some(place) = self.waiting.iter().position(|w| w.0 == at) else { return };
            let (_, class, key) = self.waiting.remove(place);
            if self.line(class, key).next().is_none() {
                self.turns[class].retain(|turn| *turn != key);
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Op {
        Join(usize, usize),
        Leave(usize),
        Forget(usize),
        Next(usize, bool),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (0..CLASSES, 0..KEYS).prop_map(|(class, key)| Op::Join(class, key)),
            1 => (0..64_usize).prop_map(Op::Leave),
            1 => (0..64_usize).prop_map(Op::Forget),
            2 => (0..CLASSES, any::<bool>()).prop_map(|(class, oldest)| Op::Next(class, oldest)),
        ]
    }

    fn end(oldest: bool) -> End {
        if oldest { End::Oldest } else { End::Youngest }
    }

    proptest! {
        #[test]
        fn they_do_what_the_model_does(ops in prop::collection::vec(op(), 0..200)) {
            let (mut lines, mut model) = (Lines::new(CLASSES), Model::default());
            let mut places: Vec<usize> = Vec::new();
            for (now, op) in ops.into_iter().enumerate() {
                match op {
                    Op::Join(class, n) => {
                        let now = Timestamp::from_nanos(now as u64);
                        let at = lines.join(class, key(n), now, now);
                        prop_assert!(!places.contains(&at));
                        places.push(at);
                        if model.line(class, n).next().is_none() {
                            model.turns[class].push_back(n);
                        }
                        model.waiting.push((at, class, n));
                    }
                    Op::Leave(n) if !places.is_empty() => {
                        let at = places[n % places.len()];
                        let waits = model.waiting.iter().any(|w| w.0 == at);
                        prop_assert_eq!(lines.leave(at), waits);
                        model.leave(at);
                    }
                    Op::Forget(n) if !places.is_empty() => {
                        let at = places.swap_remove(n % places.len());
                        lines.forget(at);
                        model.leave(at);
                    }
                    Op::Leave(_) | Op::Forget(_) => {}
                    Op::Next(class, oldest) => {
                        let line = model.turns[class].pop_front();
                        let expected = line.and_then(|line| {
                            model.turns[class].push_back(line);
                            model.end(class, line, end(oldest))
                        });
                        prop_assert_eq!(lines.next(class, end(oldest)), expected);
                        expected.into_iter().for_each(|at| model.leave(at));
                    }
                }
                prop_assert_eq!(lines.waiting(), model.waiting.len());
                for class in 0..CLASSES {
                    let of_class = model.waiting.iter().filter(|w| w.1 == class).count();
                    prop_assert_eq!(lines.waiting_of(class), of_class);
                    prop_assert_eq!(lines.lines_of(class), model.turns[class].len());
                    let oldest = model.waiting.iter().find(|w| w.1 == class).map(|w| w.0);
                    prop_assert_eq!(lines.oldest(class).map(|(at, _)| at), oldest);
                    prop_assert_eq!(lines.busy_since(class).is_some(), of_class > 0);
                    let lens = (0..KEYS).map(|n| model.line(class, n).count());
                    let longest = lens.max().filter(|len| *len > 0);
                    let found = lines.longest(class, End::Youngest);
                    prop_assert_eq!(found.map(|(len, _)| len), longest);
                    if let Some((len, at)) = found {
                        let youngest = |n| model.end(class, n, End::Youngest) == Some(at);
                        prop_assert!((0..KEYS).any(|n| model.line(class, n).count() == len && youngest(n)));
                    }
                    for n in 0..KEYS {
                        prop_assert_eq!(lines.len(class, key(n)), model.line(class, n).count());
                        prop_assert_eq!(lines.oldest_of(class, key(n)), model.end(class, n, End::Oldest));
                    }
                }
            }
            for at in places {
                lines.forget(at);
            }
            prop_assert_eq!((lines.waiters.len(), lines.lines.len(), lines.by_name.len()), (0, 0, 0));
        }
    }
}
