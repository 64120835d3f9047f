//! What the limits have to cope with.

use tower_weir::rate_limit::Quota;

use crate::world::{Steps, World};

pub(crate) struct Scenario {
    /// Names the plot.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) world: World,
    /// Of each client.
    pub(crate) quota: Quota,
    /// What the limits that adapt go by.
    pub(crate) source: Source,
}

pub(crate) enum Source {
    Outcomes,
    Load,
}

pub(crate) fn all() -> Vec<Scenario> {
    vec![halving(), patient(), crowd(), neighbour(), faults(), load()]
}

/// Twenty servers of 40 ms: 500 requests in a second.
const WHOLE: Steps = Steps(&[(0, 20.0)]);

/// Ten of them go, and come back.
const HALVES: Steps = Steps(&[(0, 20.0), (60, 10.0), (120, 20.0)]);

fn world(length: u64, clients: Vec<Steps>, servers: Steps) -> World {
    World {
        length,
        clients,
        servers,
        service_time: 0.040,
        room: 2_000,
        patience: 1.0,
        target: 0.250,
        faults: 0.0,
    }
}

/// A fifth more than the pool can do, and a tenth of a second's worth at once.
const GENEROUS: Quota = Quota::per_second(600).burst(60);

fn halving() -> Scenario {
    Scenario {
        name: "halving",
        title: "The capacity halves and recovers",
        about: "450 requests/s, a quota of 600/s; capacity 500/s, 250/s from 60 s to 120 s",
        world: world(180, vec![Steps(&[(0, 450.0)])], HALVES),
        quota: GENEROUS,
        source: Source::Outcomes,
    }
}

fn crowd() -> Scenario {
    let requests = Steps(&[(0, 300.0), (30, 1_500.0), (90, 300.0)]);
    Scenario {
        name: "crowd",
        title: "A flash crowd",
        about: "300 requests/s, 1,500/s from 30 s to 90 s; a quota of 600/s, capacity 500/s",
        world: world(150, vec![requests], WHOLE),
        quota: GENEROUS,
        source: Source::Outcomes,
    }
}

/// The noisy one is the last.
fn neighbour() -> Scenario {
    let mut clients = vec![Steps(&[(0, 20.0)]); 15];
    clients.push(Steps(&[(0, 200.0)]));
    Scenario {
        name: "neighbour",
        title: "A noisy neighbour while the capacity halves",
        about: "15 clients with 20 requests/s and one with 200, a quota of 40/s each; capacity 500/s, 250/s from 60 s to 120 s",
        world: world(180, clients, HALVES),
        quota: Quota::per_second(40).burst(10),
        source: Source::Outcomes,
    }
}

fn patient() -> Scenario {
    let mut scenario = Scenario {
        name: "patient",
        title: "The capacity halves, and clients wait for 10 s",
        about: "as halving, but outcomes come late: a client leaves after 10 s, not 1 s",
        ..halving()
    };
    scenario.world.patience = 10.0;
    scenario
}

/// So few requests that two faults in a second are more than the threshold.
fn faults() -> Scenario {
    let mut world = world(180, vec![Steps(&[(0, 30.0)])], Steps(&[(0, 4.0)]));
    world.faults = 0.02;
    Scenario {
        name: "faults",
        title: "Faults that have nothing to do with load",
        about: "30 requests/s, of which 2 % are answered 500, a quota of 40/s; capacity 100/s: a limit should do nothing",
        world,
        quota: Quota::per_second(40),
        source: Source::Outcomes,
    }
}

fn load() -> Scenario {
    Scenario {
        name: "load",
        title: "Following the load of the servers",
        about: "as halving, by the share of the servers that is in use, sampled once a second",
        source: Source::Load,
        ..halving()
    }
}
