//! What the limits are at, for people.

use std::{fmt::Write, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tower_weir::{rate_limit::PolicyHandle, stack::Handle};

use crate::reports::{Answers, Reports};

/// The routes that the file limits, by their names.
const LIMITED: [&str; 4] = ["search", "login", "report", "feed"];

/// The text of `GET /limits`.
pub(crate) fn table(weir: &Handle) -> String {
    let mut text =
        String::from("limit     policy      quota                 multiplier  exceptions\n");
    let handles: Vec<_> = LIMITED.iter().filter_map(|route| weir.rate_limit(route)).collect();
    for limit in handles.iter().flat_map(|handle| handle.limits()) {
        for policy in limit.policies() {
            let _ = writeln!(
                text,
                "{:<10}{:<12}{:<22}{:>10.2}{:>12}",
                limit.name(),
                policy.name(),
                policy.quota().to_string(),
                policy.multiplier(),
                limit.exceptions(),
            );
        }
    }
    text.push_str("\nExceptions are keys that are allowed, denied or have a quota of their own.\n");
    text
}

/// The policy on reports; none if the file was changed so.
pub(crate) fn of_reports(weir: &Handle) -> Option<PolicyHandle> {
    weir.rate_limit("report")?.limit("report").ok()?.policy("reports").ok()
}

/// The text of `GET /concurrency`.
pub(crate) fn at_once(weir: &Handle) -> String {
    let Some(handle) = weir.concurrency("report") else {
        return "The file limits no reports at once.\n".to_owned();
    };
    let mut text = String::from("limiter     at once   under way   waiting\n");
    for limiter in handle.limiters() {
        let _ = writeln!(
            text,
            "{:<10}{:>9}{:>12}{:>10}",
            limiter.name(),
            limiter.limit(),
            limiter.in_flight(),
            limiter.waiting(),
        );
    }
    text.push_str(match handle.is_shadow() {
        false => "\nThe limit follows how long answers take; whoever waits for a place in vain gets a 503.\n",
        true => "\nIt only watches: all requests pass.\n",
    });
    text
}

/// Prints each second where the limit on reports is, if that has changed.
pub(crate) async fn tell_changes(weir: Handle, reports: Arc<Reports>) {
    // The limit's intervals begin with this, and end a little before it is asked again.
    let mut told = percent_of(&weir);
    sleep(Duration::from_millis(100)).await;
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let percent = percent_of(&weir);
        let answers = reports.answers();
        if percent != told {
            told = percent;
            eprintln!("report: limit at {percent:>3} % of its rate ({})", describe(&answers));
        }
    }
}

fn percent_of(weir: &Handle) -> u32 {
    let multiplier = of_reports(weir).map_or(1.0, |policy| policy.multiplier());
    (multiplier * 100.0).round() as u32
}

fn describe(answers: &Answers) -> String {
    match answers {
        Answers { all: 0, .. } => "no answers in the last second".to_owned(),
        Answers { all, bad } => format!("{bad} of {all} answers in the last second slow or failed"),
    }
}
