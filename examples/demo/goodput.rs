//! What became of an overload, side by side.

use std::{fmt::Write, time::Duration};

use http::StatusCode;

use crate::{
    overload::{DAYS, OBJECTIVE, Overload, PATIENCE, Run, TIMES},
    report::{millis, quantile},
    reports::{self, CONNECTIONS},
};

struct Column {
    /// In a second.
    offered: f64,
    /// Answers within the objective, in a second.
    goodput: f64,
    /// Of those offered, in percent.
    late: f64,
    refused: f64,
    lost: f64,
    /// Of reports, ascending.
    latencies: Vec<Duration>,
}

impl Column {
    fn of(run: &Run) -> Self {
        let count = |is: fn(StatusCode, Duration) -> bool| {
            let matching =
                run.outcomes.iter().flatten().filter(|(status, took)| is(*status, *took));
            matching.count() as f64
        };
        let share = |count: f64| 100.0 * count / run.outcomes.len().max(1) as f64;
        let answered = run.outcomes.iter().flatten();
        let reports = answered.filter(|(status, _)| status.is_success());
        let mut latencies: Vec<_> = reports.map(|(_, took)| *took).collect();
        latencies.sort_unstable();
        let good = count(|status, took| status.is_success() && took <= OBJECTIVE);
        let refused = count(|status, _| status == StatusCode::SERVICE_UNAVAILABLE);
        let late = latencies.len() as f64 - good;
        Self {
            offered: run.outcomes.len() as f64 / run.took.as_secs_f64(),
            goodput: good / run.took.as_secs_f64(),
            late: share(late),
            refused: share(refused),
            lost: share(run.outcomes.len() as f64 - good - refused - late),
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
    row("offered a second", &|it| format!("{:.0}", it.offered));
    row("capacity a second", &|_| format!("{capacity:.0}"));
    row("goodput a second", &|it| format!("{:.0}", it.goodput));
    row("goodput, share of capacity", &|it| percent(100.0 * it.goodput / capacity));
    row("refused (503)", &|it| percent(it.refused));
    row("answered too late", &|it| percent(it.late));
    row("without an answer", &|it| percent(it.lost));
    row("reports: p50 ms", &|it| millis(quantile(&it.latencies, 50)));
    row("reports: p99 ms", &|it| millis(quantile(&it.latencies, 99)));
    let _ = writeln!(text, "{:<30}{:>10}{:>10}", "limit in the end", "none", overload.with.limit);
    text
}
