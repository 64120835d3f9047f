use tower_weir::{batch::Forming, clock::Timestamp};

use super::{
    policy::{Policy, Timers, since},
    steps::MS,
    world::World,
};

/// Sees what will come and how long calls will take, as far as some calls ahead, and tries what becomes of the items if a batch
/// leaves after each of some waits.
///
/// It takes the wait after which the fewest items wait or are worked on, on average until there, when all batches after this
/// one leave at once, or all after a millisecond. So it does no worse than either, as far as it sees; it is not the best that
/// there could be. Its timers are exact.
pub(crate) struct Oracle {
    decided: Option<(Timestamp, u64)>,
}

/// In nanoseconds.
const WAITS: [u64; 9] = [0, MS / 10, MS / 4, MS / 2, 3 * MS / 4, MS, 2 * MS, 4 * MS, 8 * MS];

impl Oracle {
    pub(crate) fn new() -> Self {
        Self { decided: None }
    }
}

impl Policy for Oracle {
    fn until(&mut self, world: &World<'_>, forming: &Forming) -> u64 {
        // What it said of this batch when it could leave at first was said with all in view.
        if let Some((since, until)) = self.decided
            && since == forming.since
        {
            return until;
        }
        let scenario = world.scenario();
        let far = 4.0 * scenario.cost.mean(scenario.max_size).max(5.0 * MS as f64);
        let end = world.now + far as u64;
        let tries = [0, MS].into_iter().flat_map(|after| WAITS.map(|wait| (wait, after)));
        let spent = |(wait, after): (u64, u64)| {
            let mut fork = world.fork();
            let mut plan = Plan { first: Some((forming.since, world.now + wait)), after };
            plan.begin(&mut fork);
            while fork.proceed(end, &mut plan) {}
            (fork.spent, wait)
        };
        let best = tries.map(spent).min_by(|a, b| a.0.total_cmp(&b.0));
        let until = world.now + best.map_or(0, |(_, wait)| wait);
        self.decided = Some((forming.since, until));
        until
    }

    fn arrived(&mut self, _: u64) {}

    fn sent(&mut self, _: usize, _: u64) {}

    fn ended(&mut self, _: usize, _: u64) {}

    fn timers(&self) -> Timers {
        Timers::Exact
    }
}

/// One batch leaves at a time that is given, all others so long after they could.
struct Plan {
    first: Option<(Timestamp, u64)>,
    after: u64,
}

impl Plan {
    fn begin(&mut self, world: &mut World<'_>) {
        world.look(self);
    }
}

impl Policy for Plan {
    fn until(&mut self, _: &World<'_>, forming: &Forming) -> u64 {
        match self.first {
            Some((since, until)) if since == forming.since => until,
            _ => since(forming) + self.after,
        }
    }

    fn arrived(&mut self, _: u64) {}

    fn sent(&mut self, _: usize, _: u64) {}

    fn ended(&mut self, _: usize, _: u64) {}

    fn timers(&self) -> Timers {
        Timers::Exact
    }
}
