//! Processes, a log and a tier, and everything that can happen in any order.

use std::collections::{BTreeMap, HashMap};

use super::*;

const PROCESSES: usize = 3;
const TAGS: u64 = 2;

/// What happens, and to which process. Indices are taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Purge(u64),
    PurgeAll,
    /// A request sets out to the service.
    Ask(u64),
    /// Its answer comes, and is stored here.
    Answer(usize),
    /// Both at once.
    Fetch(u64),
    /// The tier gets to write it.
    Write(usize),
    /// The tier is looked into.
    Look(u64),
    /// What it had is judged, given and promoted.
    Judge(usize),
    /// What is stored here is asked for.
    Hit(u64),
    /// The oldest purge that is unsent is numbered. Whether the answer is lost.
    Send(bool),
    Confirm(usize),
    /// Both at once.
    Carry,
    Deliver(usize),
    Drop(usize),
    Lose,
    /// The log is read.
    Read,
    CatchUp,
    /// Both at once.
    Repair,
    /// The log is lost, and perhaps the records with it.
    Flush(bool),
    Trim,
}

/// In some worlds few processes purge one tag alone: equal purges of several meet there as often as unequal ones elsewhere.
fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let world = (2..=PROCESSES, 1..=TAGS);
    world
        .prop_flat_map(|(processes, tags)| proptest::collection::vec(step(processes, tags), 0..150))
}

fn step(processes: usize, tags: u64) -> impl Strategy<Value = (usize, Step)> {
    use Step::*;
    let (tag, at) = (0..tags, 0_usize..8);
    let step = prop_oneof![
        4 => tag.clone().prop_map(Purge),
        1 => Just(PurgeAll),
        6 => tag.clone().prop_map(Ask),
        6 => at.clone().prop_map(Answer),
        6 => tag.clone().prop_map(Fetch),
        6 => at.clone().prop_map(Write),
        6 => tag.clone().prop_map(Look),
        6 => at.clone().prop_map(Judge),
        6 => tag.prop_map(Hit),
        6 => proptest::bool::weighted(0.2).prop_map(Send),
        6 => at.clone().prop_map(Confirm),
        6 => Just(Carry),
        8 => at.clone().prop_map(Deliver),
        1 => at.prop_map(Drop),
        1 => Just(Lose),
        3 => Just(Read),
        4 => Just(CatchUp),
        4 => Just(Repair),
        1 => any::<bool>().prop_map(Flush),
        1 => Just(Trim),
    ];
    (0..processes, step)
}

/// What is purged, and when it was.
#[derive(Clone, Copy, Debug)]
struct Purged {
    /// Everything if none.
    tag: Option<u64>,
    at: u64,
}

/// A response, and when it was asked for, wherever that was.
#[derive(Clone, Copy, Debug)]
struct Asked {
    tag: u64,
    at: u64,
}

/// What the log says: up to where, its floor, and the purges between.
type Extract = (Position, u64, Vec<(u64, Bytes)>);

#[derive(Default)]
struct Process {
    log: Log,
    local: Purges,
    stored: HashMap<u64, (Asked, Entry)>,
    under_way: Vec<(Asked, u64)>,
    to_write: Vec<(Asked, Entry)>,
    looks: Vec<(Asked, Position, u64)>,
    replies: Vec<(u64, Position)>,
    messages: Vec<(Position, Bytes)>,
    read: Option<Extract>,
    /// Its own purges, by issue, until they have a number.
    issued: BTreeMap<u64, Purged>,
    /// What it has to observe.
    taken_over: Vec<Purged>,
}

#[derive(Default)]
struct Server {
    id: u64,
    last: u64,
    floor: u64,
    log: BTreeMap<Bytes, u64>,
    /// All that ever was in this log, and those before.
    history: Vec<(Position, Purged)>,
    records: HashMap<u64, (Asked, Position)>,
}

#[derive(Default)]
struct World {
    now: u64,
    server: Server,
    processes: Vec<Process>,
}

impl World {
    fn new() -> Self {
        let processes = (0..PROCESSES).map(|_| Process::default()).collect();
        Self { now: 0, server: Server { id: 1, ..Server::default() }, processes }
    }

    fn step(&mut self, at: usize, step: &Step) {
        self.now += 1;
        let Self { now, server, processes } = self;
        let now = *now;
        let process = &mut processes[at];
        match *step {
            Step::Purge(tag) => process.purge(Some(tag), now),
            Step::PurgeAll => process.purge(None, now),
            Step::Ask(tag) => {
                process.under_way.push((Asked { tag, at: now }, process.local.epoch()));
            }
            Step::Answer(at) => {
                let Some((asked, born)) = take(&mut process.under_way, at) else { return };
                if !process.local.concerns(&entry(asked.tag, born)) {
                    process.stored.insert(asked.tag, (asked, entry(asked.tag, born)));
                    process.to_write.push((asked, entry(asked.tag, born)));
                }
            }
            Step::Fetch(tag) => {
                self.step(at, &Step::Ask(tag));
                let last = self.processes[at].under_way.len() - 1;
                self.step(at, &Step::Answer(last));
            }
            Step::Write(at) => {
                let Some((asked, entry)) = take(&mut process.to_write, at) else { return };
                if let Some(born) = process.log.born(&entry, &process.local) {
                    server.records.insert(asked.tag, (asked, born));
                }
            }
            Step::Look(tag) => {
                if let (true, Some((asked, born))) =
                    (process.log.is_current(), server.records.get(&tag))
                {
                    process.looks.push((*asked, *born, process.local.epoch()));
                }
            }
            Step::Judge(at) => {
                let Some((asked, written, born)) = take(&mut process.looks, at) else { return };
                let entry = entry(asked.tag, born);
                if process.log.has_outlived(&entry, written) {
                    process.give(asked);
                    process.stored.insert(asked.tag, (asked, entry));
                }
            }
            Step::Hit(tag) => {
                if let Some((asked, entry)) = process.stored.get(&tag)
                    && !process.local.concerns(entry)
                {
                    process.give(*asked);
                }
            }
            Step::Send(is_lost) => {
                let Some(unsent) = process.log.unsent().into_iter().next() else { return };
                server.last += 1;
                let number = Position { log: server.id, number: server.last };
                server.log.insert(unsent.purge.clone(), server.last);
                server.history.push((number, process.issued[&unsent.issue]));
                if !is_lost {
                    process.replies.push((unsent.issue, number));
                }
                for (other, process) in processes.iter_mut().enumerate() {
                    if other != at {
                        process.messages.push((number, unsent.purge.clone()));
                    }
                }
            }
            Step::Confirm(at) => {
                let Some((issue, number)) = take(&mut process.replies, at) else { return };
                process.log.sent(issue, number);
                process.observe(server);
            }
            Step::Carry => {
                self.step(at, &Step::Send(false));
                let last = self.processes[at].replies.len().saturating_sub(1);
                self.step(at, &Step::Confirm(last));
            }
            Step::Deliver(at) => {
                let Some((number, purge)) = take(&mut process.messages, at) else { return };
                let is_known = process.log.received(number, &purge, &process.local);
                process.observe(server);
                if !is_known {
                    process.log.lose();
                }
            }
            Step::Drop(at) => drop(take(&mut process.messages, at)),
            Step::Lose => process.log.lose(),
            Step::Read => {
                let come = process.log.position();
                let come = if come.log == server.id { come.number } else { 0 };
                let newer = server.log.iter().filter(|(_, number)| **number > come);
                let newer = newer.map(|(purge, number)| (*number, purge.clone())).collect();
                let position = Position { log: server.id, number: server.last };
                process.read = Some((position, server.floor, newer));
            }
            Step::CatchUp => {
                let Some((position, floor, newer)) = process.read.take() else { return };
                process.log.catch_up(position, floor, newer, &process.local);
                process.observe(server);
            }
            Step::Repair => {
                self.step(at, &Step::Read);
                self.step(at, &Step::CatchUp);
            }
            Step::Flush(keeps_records) => {
                server.id += 1;
                (server.last, server.floor) = (0, 0);
                server.log.clear();
                if !keeps_records {
                    server.records.clear();
                }
            }
            Step::Trim => {
                server.floor = server.last.saturating_sub(1).max(server.floor);
                server.log.retain(|_, number| *number > server.floor);
            }
        }
    }

    /// Everything that is to be told is told.
    fn settle(&mut self) {
        for at in 0..PROCESSES {
            self.step(at, &Step::Repair);
            while self.processes[at].log.has_unsent() {
                self.step(at, &Step::Carry);
            }
        }
        for at in 0..PROCESSES {
            self.processes[at].messages.clear();
            self.step(at, &Step::Repair);
        }
    }
}

fn take<T>(of: &mut Vec<T>, at: usize) -> Option<T> {
    (!of.is_empty()).then(|| of.remove(at % of.len()))
}

impl Process {
    fn purge(&mut self, tag: Option<u64>, at: u64) {
        let purged = Purged { tag, at };
        self.log.issue(&tag.map_or(Purge::All, Purge::Tag), &self.local);
        self.issued.insert(self.log.issues, purged);
        self.taken_over.push(purged);
    }

    /// Notes what it has come to know of: all of the log up to its position, and all of the logs before.
    fn observe(&mut self, server: &Server) {
        let come = self.log.position();
        let known = server.history.iter().filter(|(number, _)| {
            number.log < come.log || (number.log == come.log && number.number <= come.number)
        });
        self.taken_over.extend(known.map(|(_, purged)| *purged));
    }

    /// Whatever is stored here could be asked for now. An entry remembers what it has outlived: this looks at new ones.
    fn look_through(&self) {
        for (asked, stored) in self.stored.values() {
            if !self.local.concerns(&entry(asked.tag, stored.born)) {
                self.give(*asked);
            }
        }
    }

    /// Gives a response to a client.
    fn give(&self, asked: Asked) {
        for purged in &self.taken_over {
            assert!(
                asked.at > purged.at || purged.tag.is_some_and(|tag| tag != asked.tag),
                "{asked:?} was given in spite of {purged:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_was_asked_for_before_a_purge_is_not_given_by_who_knows_of_it(
        steps in steps(),
    ) {
        let mut world = World::new();
        if steps.len() % 4 != 0 {
            world.settle();
        }
        for (process, step) in &steps {
            world.step(*process, step);
            world.processes[*process].look_through();
        }
        // And nothing is purged for ever.
        world.settle();
        for (writer, reader) in [(0, 1), (1, 2), (2, 0)] {
            for process in &mut world.processes {
                process.looks.clear();
                process.under_way.clear();
                process.to_write.clear();
                process.stored.clear();
            }
            for (at, step) in [
                (writer, Step::Fetch(0)),
                (writer, Step::Write(0)),
                (reader, Step::Look(0)),
                (reader, Step::Judge(0)),
            ] {
                world.step(at, &step);
            }
            prop_assert!(world.processes[reader].stored.contains_key(&0));
            let (stored, entry) = &world.processes[reader].stored[&0];
            prop_assert!(!world.processes[reader].local.concerns(entry), "{:?}", stored);
        }
    }
}
