//! Whether abusers stay throttled while newcomers flood the table that remembers them, and what the table forgets.

use std::{num::NonZeroU32, time::Duration};

use tower_weir::rate_limit::Quota;
use tower_weir_peers::{Row, Section};

use crate::{
    scenario::{Outcome, Scenario},
    tables::TABLES,
    traffic::Traffic,
};

/// What one request costs comes back in six minutes.
const SLOW: Quota = Quota::per_hour(10);

const ONE: NonZeroU32 = NonZeroU32::MIN;

pub(crate) fn sections(newcomers: u64) -> Vec<Section> {
    // Each abuser comes about every twelve seconds, so of thirty of its checks one must pass.
    let one_limit = Scenario {
        name: "one limit",
        traffic: Traffic { newcomers, abusers: 1_000, one_in: 100 },
        step: Duration::from_micros(120),
        abusers: SLOW,
        newcomers: SLOW,
        cost: ONE,
    };
    let spenders = Scenario {
        name: "one limit, spent by newcomers",
        cost: NonZeroU32::new(SLOW.burst_size()).expect("a burst is not zero"),
        ..one_limit
    };
    // Each abuser comes about forty times in a second, twice as often as it may. A newcomer's one request is a thousandth of
    // what it may, and yet it owes for longer than any abuser.
    let two_limits = Scenario {
        name: "two limits",
        traffic: Traffic { newcomers, abusers: 100, one_in: 10 },
        step: Duration::from_micros(25),
        abusers: Quota::per_second(20),
        newcomers: Quota::per_day(1_000),
        cost: ONE,
    };
    vec![
        section(&one_limit, Some(99.9), "10 an hour for all; a newcomer makes one request"),
        section(
            &two_limits,
            Some(99.9),
            "20 a second for the abusers, 1,000 a day for the newcomers, in one table",
        ),
        section(
            &spenders,
            None,
            "10 an hour for all; a newcomer makes ten requests, so abusers do not stand out",
        ),
    ]
}

fn section(scenario: &Scenario, goal: Option<f64>, about: &str) -> Section {
    let Outcome { due, ours, governor, stats, charged } = scenario.play();
    let percent = |part: f64, whole: f64| 100.0 * part / whole;
    let mut rows = Vec::new();
    for ((table, _), (denied, stats)) in TABLES.iter().zip(ours.into_iter().zip(stats)) {
        let [ours, governor] = [denied, governor].map(|denied| percent(denied as f64, due as f64));
        let throttled =
            Row::new(format!("{table}, stay throttled"), "%", ours).beside("governor", governor);
        let lost = stats.lost_debt.as_secs_f64();
        rows.extend([
            match goal {
                Some(goal) => throttled.at_least(goal),
                None => throttled,
            },
            Row::new(format!("{table}, evictions"), "keys", stats.evictions as f64),
            Row::new(format!("{table}, debt lost"), "hours", lost / 3600.0),
            Row::new(
                format!("{table}, debt lost, of all"),
                "%",
                percent(lost, charged.as_secs_f64()),
            ),
        ]);
    }
    Section {
        name: scenario.name,
        about: format!("{about}; {due} checks of abusers must be denied, says an exact limit"),
        rows,
    }
}
