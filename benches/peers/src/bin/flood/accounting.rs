//! Whether it all adds up: hot keys, asked for more than they may by several threads at once, while time passes and newcomers
//! make room for each other. In the end each hot key must have been admitted its burst and what came back, to the request.

use std::{
    array, iter, thread,
    time::{Duration, Instant},
};

use tower_weir::{
    clock::{Clock, ManualClock},
    key::KeySeed,
    rate_limit::{Limiter, Quota, Table},
};
use tower_weir_peers::{Progress, Row, Section};

use crate::traffic;

const THREADS: u64 = 2;

const HOT: usize = 64;

/// Of a short interval, so that to be off by a nanosecond adds up to many requests.
const QUOTA: Quota = Quota::every(Duration::from_micros(1)).burst(10);

/// Small, so that newcomers crowd each other out all the time.
const CAPACITY: usize = 512;

/// One check in so many is a newcomer's.
const NEWCOMER_IN: u64 = 4;

/// What a newcomer's check costs: enough that many owe at once, less than the nine intervals that a hot key always owes. So it
/// is never a hot key that makes room.
const NEWCOMER_COST: u32 = 6;

/// So many checks of the first thread pass an interval: enough that it asks for each hot key three times by itself, whatever
/// the others do. So no hot key's debt ever runs out, and all that comes back is taken.
const ROUND: u64 = 256;

/// What one thread does.
struct Worker<'a> {
    limiter: &'a Limiter,
    number: u64,
    checks: u64,
    /// The first one moves time.
    hand: Option<(&'a ManualClock, Progress)>,
}

/// What one thread saw.
struct Seen {
    admitted: [u64; HOT],
    newcomers_denied: u64,
}

impl Worker<'_> {
    fn work(mut self) -> Seen {
        let mut seen = Seen { admitted: [0; HOT], newcomers_denied: 0 };
        let names = names();
        // Odd, so that it visits all hot keys; another for each thread, so that they meet at all of them.
        let stride = 2 * self.number as usize + 1;
        let mut hot = 0;
        for check in 1..=self.checks {
            if check % NEWCOMER_IN == 0 {
                let newcomer = traffic::key(self.number << 48 | check);
                let denied = self.limiter.check_n(&newcomer, NEWCOMER_COST).is_err();
                seen.newcomers_denied += u64::from(denied);
            } else {
                hot = (hot + stride) % HOT;
                seen.admitted[hot] += u64::from(self.limiter.check(&names[hot]).is_ok());
            }
            if check % ROUND == 0
                && let Some((hand, progress)) = &mut self.hand
            {
                hand.advance(QUOTA.interval());
                progress.reached(check);
            }
        }
        seen
    }
}

pub(crate) fn section(checks: u64) -> Section {
    // A seed by which no two lines are full of hot keys, so that none evicts another.
    let table = Table::seeded(CAPACITY, KeySeed::fixed([1, 2]));
    let (clock, hand) = Clock::manual();
    let limiter = Limiter::new(QUOTA).table(table.clone()).clock(clock);
    // As many as pass while the clock stands.
    let drain = || {
        names().map(|name| {
            iter::repeat_with(|| limiter.check(&name)).take_while(Result::is_ok).count() as u64
        })
    };

    let mut admitted = drain();
    let each = checks / THREADS;
    let start = Instant::now();
    let seen: Vec<Seen> = thread::scope(|scope| {
        let worker = |number| {
            let hand = (number == 0).then(|| (&hand, Progress::new("accounting", each)));
            let worker = Worker { limiter: &limiter, number, checks: each, hand };
            scope.spawn(|| worker.work())
        };
        let workers: Vec<_> = (0..THREADS).map(worker).collect();
        workers.into_iter().map(|worker| worker.join().expect("a check does not panic")).collect()
    });
    let took = start.elapsed();
    let all = seen.iter().map(|seen| seen.admitted).chain([drain()]);
    all.for_each(|more| (0..HOT).for_each(|hot| admitted[hot] += more[hot]));

    let due = u64::from(QUOTA.burst_size()) + each / ROUND;
    let requests = |name, count: u64| Row::new(name, "requests", count as f64);
    Section {
        name: "accounting",
        about: format!(
            "{} checks in {THREADS} threads, one in {NEWCOMER_IN} a newcomer's, the others of {HOT} hot keys, each of \
             which is due {due}; {:.0} ns a check of each thread",
            each * THREADS,
            took.as_nanos() as f64 / each as f64
        ),
        rows: vec![
            requests("admitted", admitted.iter().sum()).beside("due", (due * HOT as u64) as f64),
            requests("too many", admitted.iter().map(|is| is.saturating_sub(due)).sum())
                .at_most(0.0)
                .promised(),
            requests("too few", admitted.iter().map(|is| due.saturating_sub(*is)).sum())
                .at_most(0.0),
            requests("newcomers denied", seen.iter().map(|seen| seen.newcomers_denied).sum())
                .at_most(0.0),
            Row::new("newcomers evicted", "keys", table.stats().evictions as f64),
        ],
    }
}

/// Apart from all newcomers, whose numbers are not zero in their lower bits.
fn names() -> [u64; HOT] {
    array::from_fn(|hot| traffic::key((hot as u64) << 48))
}
