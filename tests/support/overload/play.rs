use std::{cmp::Reverse, collections::BinaryHeap};

use tower_weir::verdict::Verdict;

use super::{
    backend::Backend,
    chance::Arrivals,
    control::{Arrival, Control},
    outcome::Outcome,
    scenario::Scenario,
    steps::{MS, SECOND},
};

/// The clock's reading at the beginning, so that there is a time before.
const ORIGIN: u64 = 3600 * SECOND;

/// What is to come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The scenario changes.
    Change,
    /// A request has been worked on.
    Done(usize),
    /// The body of its answer has ended.
    Ended(usize),
    /// The client of a request leaves, if it is still this one that has the number.
    Leave(usize, u64),
    /// A client asks again.
    Again(usize),
}

/// A request, from when it comes to when nothing is left of it.
#[derive(Clone, Copy, Default)]
struct Request {
    /// Of all that came, which it is.
    serial: u64,
    came: u64,
    began: u64,
    tenant: usize,
    attempt: u32,
    stage: Stage,
    left: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nowhere,
    Waiting,
    Working,
    Body,
}

struct Play<'a> {
    scenario: &'a Scenario,
    control: &'a mut dyn Control,
    backend: Backend,
    outcome: Outcome,
    now: u64,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    requests: Vec<Request>,
    /// Numbers that no request has.
    free: Vec<usize>,
    came: u64,
    in_flight: usize,
    /// How many clients will ask again.
    again: usize,
}

/// Lets a scenario take its course.
pub(crate) fn play(scenario: &Scenario, seed: u64, control: &mut dyn Control) -> Outcome {
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut arrivals = Arrivals::new(scenario.load.clone(), scenario.scale(), seed);
    let changes = scenario.changes().into_iter().map(|at| Reverse((at, Event::Change)));
    let mut play = Play {
        scenario,
        control,
        backend: Backend::new(scenario, seed),
        outcome: Outcome::new(scenario),
        now: 0,
        events: changes.collect(),
        requests: Vec::new(),
        free: Vec::new(),
        came: 0,
        in_flight: 0,
        again: 0,
    };
    loop {
        let comes = arrivals.next_at();
        let next = play.events.peek().map_or(u64::MAX, |Reverse((at, _))| *at);
        play.proceed(comes.min(next));
        if play.now >= scenario.length {
            return play.outcome;
        }
        if comes < next {
            arrivals.proceed();
            let tenant = play.tenant(arrivals.share());
            play.outcome.asked();
            play.arrive(tenant, 0);
        } else if let Some(Reverse((_, event))) = play.events.pop() {
            play.happen(event);
        }
    }
}

impl Play<'_> {
    fn proceed(&mut self, now: u64) {
        self.now = now.min(self.scenario.length);
        self.outcome.proceed(self.now, self.control.limit(), self.in_flight);
    }

    /// All but the first ask for what is asked for at the beginning.
    fn tenant(&self, chance: f64) -> usize {
        let Scenario { tenants, load, .. } = self.scenario;
        let (now, first) = (load.at(self.now), load.at(0));
        let noisy = 1.0 - first / now;
        if chance < noisy || *tenants == 1 {
            return 0;
        }
        let quiet = (chance - noisy.max(0.0)) / (1.0 - noisy.max(0.0));
        1 + (quiet * (tenants - 1) as f64) as usize
    }

    fn arrive(&mut self, tenant: usize, attempt: u32) {
        self.came += 1;
        let (serial, came) = (self.came, self.now);
        let request = Request { serial, came, tenant, attempt, ..Request::default() };
        let id = self.free.pop().unwrap_or_else(|| {
            self.requests.push(request);
            self.requests.len() - 1
        });
        self.requests[id] = request;
        if !self.control.admit(ORIGIN + self.now, Arrival { id, tenant }) {
            let supply = self.scenario.supply(self.now);
            let spare = supply > 0.0 && self.backend.is_idle();
            let falsely = spare || self.again == 0 && self.scenario.demand(self.now) < supply;
            self.outcome.refused(falsely);
            self.again(id);
            return;
        }
        self.in_flight += 1;
        self.outcome.let_in();
        if !self.backend.take(id) {
            self.control.head(ORIGIN + self.now, id, Verdict::Overload);
            self.end(id);
            self.again(id);
            return;
        }
        self.requests[id].stage = Stage::Waiting;
        if let Some(patience) = self.scenario.patience {
            self.events.push(Reverse((self.now + patience, Event::Leave(id, serial))));
        }
        self.begin();
    }

    /// Those that waited are worked on.
    fn begin(&mut self) {
        while let Some(id) = self.backend.next() {
            if self.requests[id].left {
                self.backend.skip();
                self.free.push(id);
                continue;
            }
            let time = self.backend.begin();
            self.requests[id].stage = Stage::Working;
            self.requests[id].began = self.now;
            self.events.push(Reverse((self.now + time, Event::Done(id))));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Change => {
                self.backend.change(self.scenario, self.now);
                self.begin();
            }
            Event::Done(id) => self.done(id),
            Event::Ended(id) => {
                self.end(id);
                self.free.push(id);
            }
            Event::Leave(id, serial) => self.leave(id, serial),
            Event::Again(id) => {
                let Request { tenant, attempt, .. } = self.requests[id];
                self.free.push(id);
                self.again -= 1;
                self.arrive(tenant, attempt + 1);
            }
        }
    }

    fn done(&mut self, id: usize) {
        let request = self.requests[id];
        if let Some((from, length)) = self.scenario.pause
            && (from..from + length).contains(&self.now)
        {
            let rest = self.now - request.began.max(from);
            self.requests[id].began = from + length;
            self.events.push(Reverse((from + length + rest, Event::Done(id))));
            return;
        }
        self.backend.done();
        if request.left {
            self.free.push(id);
        } else {
            self.control.head(ORIGIN + self.now, id, Verdict::Success);
            self.outcome.answered(request.came, self.now);
            self.requests[id].stage = Stage::Body;
            if self.scenario.body == 0 {
                self.end(id);
                self.free.push(id);
            } else {
                self.events.push(Reverse((self.now + self.scenario.body, Event::Ended(id))));
            }
        }
        self.begin();
    }

    fn end(&mut self, id: usize) {
        self.control.end(ORIGIN + self.now, id);
        self.in_flight -= 1;
        self.requests[id].stage = Stage::Nowhere;
    }

    fn leave(&mut self, id: usize, serial: u64) {
        let request = self.requests[id];
        if request.serial != serial || !matches!(request.stage, Stage::Waiting | Stage::Working) {
            return;
        }
        self.outcome.left(request.came, self.now);
        self.end(id);
        if request.stage == Stage::Waiting {
            self.backend.give_up();
        }
        // The queue and the workers do not know yet. What asks again has another number.
        self.requests[id].left = true;
        let again = self.free.pop().unwrap_or_else(|| {
            self.requests.push(Request::default());
            self.requests.len() - 1
        });
        self.requests[again] = request;
        self.again(again);
    }

    /// The client of this number, which nobody needs any more, may ask again.
    fn again(&mut self, id: usize) {
        self.requests[id].stage = Stage::Nowhere;
        self.requests[id].serial = 0;
        if self.requests[id].attempt < self.scenario.retries {
            let pause = (50.0 + 100.0 * self.backend.chance()) as u64 * MS;
            self.again += 1;
            self.events.push(Reverse((self.now + pause, Event::Again(id))));
        } else {
            self.free.push(id);
        }
    }
}
