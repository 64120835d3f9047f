//! What became of an overload, side by side.

use std::{fmt::Write, time::Duration};

use http::StatusCode;

use crate::{
    overload::{DAYS, OBJECTIVE, Overload, PATIENCE, Run, TIMES},
    report::{millis, quantile},
    reports::{self, CONNECTIONS},
};

/// What a run came to; shares are those of all requests, in percent.
struct Column {
    offered_per_second: f64,
    good_per_second: f64,
    good_by_second: Vec<usize>,
    refused: f64,
    late: f64,
    lost: f64,
    /// Of reports, ascending.
    latencies: Vec<Duration>,
}

impl Column {
    fn of(run: &Run) -> Self {
        let (mut good, mut refused, mut latencies) = (Vec::new(), 0, Vec::new());
        for outcome in &run.outcomes {
            good.resize(good.len().max(outcome.second + 1), 0);
            good[outcome.second] += usize::from(outcome.is_good());
            match outcome.answer {
                Some((StatusCode::OK, took)) => latencies.push(took),
                Some((StatusCode::SERVICE_UNAVAILABLE, _)) => refused += 1,
                _ => {}
            }
        }
        latencies.sort_unstable();
        let (all, good_in_all) = (run.outcomes.len(), good.iter().sum::<usize>());
        let per_second = |count: usize| count as f64 / run.took.as_secs_f64();
        let share = |count: usize| 100.0 * count as f64 / all.max(1) as f64;
        Self {
            offered_per_second: per_second(all),
            good_per_second: per_second(good_in_all),
            good_by_second: good,
            refused: share(refused),
            late: share(latencies.len() - good_in_all),
            lost: share(all - refused - latencies.len()),
            latencies,
        }
    }
}

/// What is going to happen, for whoever waits for it.
pub(crate) fn announcement(duration: Duration) -> String {
    format!(
        "\nOverload: {TIMES} times as many reports as the {CONNECTIONS} connections of the database can make, for {} s without the\n\
         concurrency limit, then for {0} s with it; nobody has told it of the connections. They are asked for with the\n\
         partner's key, which the rate limit exempts. A report within {} ms is good; after {} ms its client gives up.\n",
        duration.as_secs(),
        OBJECTIVE.as_millis(),
        PATIENCE.as_millis(),
    )
}

pub(crate) fn text(overload: &Overload) -> String {
    let columns = [Column::of(&overload.without), Column::of(&overload.with)];
    let capacity = reports::capacity(DAYS);
    let route = format!("GET /report?days={DAYS}");
    let mut text = format!("{route:<30}{:>10}{:>10}\n", "without", "with");
    let mut row = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let [without, with] = columns.each_ref().map(cell);
        let _ = writeln!(text, "{name:<30}{without:>10}{with:>10}");
    };
    let percent = |share: f64| format!("{share:.1} %");
    row("offered a second", &|it| format!("{:.0}", it.offered_per_second));
    row("capacity a second", &|_| format!("{capacity:.0}"));
    row("goodput a second", &|it| format!("{:.0}", it.good_per_second));
    row("goodput, share of capacity", &|it| percent(100.0 * it.good_per_second / capacity));
    row("refused (503)", &|it| percent(it.refused));
    row("answered too late", &|it| percent(it.late));
    row("without an answer", &|it| percent(it.lost));
    row("reports: p50 ms", &|it| millis(quantile(&it.latencies, 50)));
    row("reports: p99 ms", &|it| millis(quantile(&it.latencies, 99)));
    let _ = writeln!(text, "{:<30}{:>10}{:>10}", "limit in the end", "none", overload.with.limit);
    for (name, column) in
        ["good in each second: without", "                     with"].iter().zip(&columns)
    {
        let seconds = column
            .good_by_second
            .iter()
            .fold(String::new(), |seconds, good| seconds + &format!("{good:>6}"));
        let _ = writeln!(text, "{name:<30}{seconds}");
    }
    text
}
