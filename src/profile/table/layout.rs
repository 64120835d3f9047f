//! What is in which line and column.

use std::{cmp::Reverse, fmt};

use super::{
    axis::Axis,
    words::{bytes, chars, cut, duration, grouped, share, significant},
};
use crate::profile::{
    Exemplar, Histogram, Outcome, Snapshot, Window,
    snapshot::{Latency, OperationSnapshot, RouteSnapshot},
};

/// A snapshot's numbers of one window.
pub(in crate::profile) struct Table<'a> {
    pub(in crate::profile) snapshot: &'a Snapshot,
    pub(in crate::profile) window: Window,
}

/// Longer names are cut.
const LONGEST_NAME: usize = 40;
/// Of a `traceparent` (W3C Trace Context). Longer identifiers are cut.
const LONGEST_ID: usize = 55;
/// Fewer have no p99.9 but their maximum.
const ENOUGH_FOR_P999: u64 = 1_000;

type Cells<T> = [T; 12];

/// A column without anything in it is left out.
const ROUTES: Cells<&str> = [
    "requests",
    "per s",
    "4xx",
    "errors",
    "cancelled",
    "now",
    "sent",
    "p50",
    "p90",
    "p99",
    "p99.9",
    "max",
];
const OPERATIONS: Cells<&str> =
    ["done", "per s", "", "failed", "cancelled", "now", "", "p50", "p90", "p99", "p99.9", "max"];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window;
        let mut routes: Vec<_> = self.snapshot.routes.iter().collect();
        routes.retain(|route| route.stats(window).count > 0 || route.in_flight > 0);
        let mut operations: Vec<_> = self.snapshot.operations.iter().collect();
        operations.retain(|of| of.stats(window).count > 0 || of.in_flight > 0);
        let since = match window {
            Window::Lifetime => "since the start",
            Window::Minute => "in the last minute",
            Window::FiveMinutes => "in the last 5 minutes",
            Window::Hour => "in the last hour",
        };
        if routes.is_empty() && operations.is_empty() {
            return writeln!(f, "no requests {since}");
        }
        let p99 = |latency: &Option<Latency>| latency.as_ref().map(|latency| latency.p99);
        // A stable sort of what is sorted by the lifetime: equals stay in its order.
        routes.sort_by_key(|route| Reverse(p99(&route.stats(window).latency)));
        operations.sort_by_key(|of| Reverse(p99(&of.stats(window).latency)));

        let count: u64 = routes.iter().map(|route| route.stats(window).count).sum();
        let in_flight: u64 = routes.iter().map(|route| route.in_flight).sum();
        let requests = if count == 1 { "request" } else { "requests" };
        writeln!(f, "{} {requests} {since}, {} in flight now", grouped(count), grouped(in_flight))?;

        let method = routes.iter().map(|route| route.method.len()).max().unwrap_or(0);
        let routes = routes.iter().map(|route| Row::of_route(route, window, method)).collect();
        let operations = operations.iter().map(|of| Row::of_operation(of, window)).collect();
        let sections = [
            Section { name: "route", heads: &ROUTES, rows: routes },
            Section { name: "operation", heads: &OPERATIONS, rows: operations },
        ];
        let layout = Layout::of(&sections);
        sections.iter().try_for_each(|section| layout.section(f, section))?;
        slowest(f, &self.snapshot.slowest)
    }
}

/// Lines of one kind.
struct Section<'a> {
    name: &'static str,
    heads: &'static Cells<&'static str>,
    rows: Vec<Row<'a>>,
}

/// A line in words, without those for what there is none of.
struct Row<'a> {
    name: String,
    cells: Cells<String>,
    histogram: Option<&'a Histogram>,
}

impl<'a> Row<'a> {
    fn of_route(of: &'a RouteSnapshot, window: Window, method: usize) -> Self {
        let (stats, count) = (of.stats(window), of.stats(window).count);
        let outcomes = |is: fn(Outcome) -> bool| -> u64 {
            stats.outcomes.iter().filter_map(|(outcome, count)| is(outcome).then_some(count)).sum()
        };
        let [p50, p90, p99, p999, max] = quantiles(stats.latency.as_ref(), count);
        let cells = [
            grouped(count),
            significant(stats.rate),
            some(outcomes(|it| it == Outcome::ClientError), |refused| share(refused, count)),
            some(count, |count| share(outcomes(Outcome::is_server_fault), count)),
            some(outcomes(is_cancelled), |cancelled| share(cancelled, count)),
            some(of.in_flight, grouped),
            some(stats.response_bytes, bytes),
            p50,
            p90,
            p99,
            p999,
            max,
        ];
        Self {
            name: format!("{:method$} {}", of.method, cut(&of.route, LONGEST_NAME)),
            cells,
            histogram: stats.latency.as_ref().map(|latency| &latency.histogram),
        }
    }

    fn of_operation(of: &'a OperationSnapshot, window: Window) -> Self {
        let (stats, count) = (of.stats(window), of.stats(window).count);
        let [p50, p90, p99, p999, max] = quantiles(stats.latency.as_ref(), count);
        let cells = [
            grouped(count),
            significant(stats.rate),
            String::new(),
            some(count, |count| share(stats.failures, count)),
            some(stats.cancelled, |cancelled| share(cancelled, count)),
            some(of.in_flight, grouped),
            String::new(),
            p50,
            p90,
            p99,
            p999,
            max,
        ];
        Self {
            name: cut(&of.name, LONGEST_NAME),
            cells,
            histogram: stats.latency.as_ref().map(|latency| &latency.histogram),
        }
    }
}

fn is_cancelled(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::CancelledBeforeHeaders | Outcome::CancelledInBody)
}

fn quantiles(latency: Option<&Latency>, count: u64) -> [String; 5] {
    let Some(latency) = latency else { return Default::default() };
    let p999 = if count < ENOUGH_FOR_P999 { String::new() } else { duration(latency.p999) };
    let [p50, p90, p99, max] = [latency.p50, latency.p90, latency.p99, latency.max].map(duration);
    [p50, p90, p99, p999, max]
}

fn some(number: u64, text: impl FnOnce(u64) -> String) -> String {
    if number == 0 { String::new() } else { text(number) }
}

/// What all sections have in common, so that one can be read below the other.
struct Layout {
    name: usize,
    /// 0 for a column that is left out.
    widths: Cells<usize>,
    axis: Option<Axis>,
}

impl Layout {
    fn of(sections: &[Section<'_>]) -> Self {
        let all = || sections.iter().filter(|section| !section.rows.is_empty());
        let rows = || all().flat_map(|section| &section.rows);
        let names = rows().map(|row| row.name.as_str()).chain(all().map(|section| section.name));
        let widths = std::array::from_fn(|at| {
            let widest = rows().map(|row| chars(&row.cells[at])).max().unwrap_or(0);
            let heads = all().map(|section| chars(section.heads[at])).max().unwrap_or(0);
            if widest == 0 { 0 } else { widest.max(heads) }
        });
        Self {
            name: names.map(chars).max().unwrap_or(0),
            widths,
            axis: Axis::over(rows().filter_map(|row| row.histogram)),
        }
    }

    fn section(&self, f: &mut fmt::Formatter<'_>, section: &Section<'_>) -> fmt::Result {
        if section.rows.is_empty() {
            return Ok(());
        }
        let legend = self.axis.as_ref().map(Axis::legend);
        writeln!(f)?;
        self.line(f, section.name, section.heads, legend)?;
        section.rows.iter().try_for_each(|row| {
            let picture = self.axis.as_ref().zip(row.histogram);
            let picture = picture.map(|(axis, histogram)| axis.picture(histogram));
            self.line(f, &row.name, &row.cells.each_ref().map(String::as_str), picture)
        })
    }

    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        cells: &Cells<&str>,
        picture: Option<String>,
    ) -> fmt::Result {
        let mut line = format!("{name:width$}", width = self.name);
        for (cell, width) in cells.iter().zip(self.widths).filter(|(_, width)| *width > 0) {
            line.push_str(&format!("  {cell:>width$}"));
        }
        line.extend(picture.map(|picture| format!("  {picture}")));
        writeln!(f, "{}", line.trim_end())
    }
}

fn slowest(f: &mut fmt::Formatter<'_>, slowest: &[Exemplar]) -> fmt::Result {
    if slowest.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nslowest of the last hour")?;
    let method = slowest.iter().map(|slow| slow.method.len()).max().unwrap_or(0);
    let lines: Vec<_> = slowest.iter().map(|slow| in_words(slow, method)).collect();
    let [took, request, end, ago, _] = std::array::from_fn(|at| {
        lines.iter().map(|line: &[String; 5]| chars(&line[at])).max().unwrap_or(0)
    });
    lines.iter().try_for_each(|[took_, request_, end_, ago_, id]| {
        let line = format!("{took_:>took$}  {request_:request$}  {end_:end$}  {ago_:>ago$}  {id}");
        writeln!(f, "{}", line.trim_end())
    })
}

/// How long it took, what it was, how it ended, when, and what it is called elsewhere.
fn in_words(slow: &Exemplar, method: usize) -> [String; 5] {
    // The status of a gRPC response is 200 whatever became of the call.
    let end = match (slow.status, slow.outcome) {
        (Some(status), Outcome::Ok) => status.to_string(),
        (Some(status @ 400..500), Outcome::ClientError) => status.to_string(),
        (Some(status @ 500..), Outcome::ServerError) => status.to_string(),
        (_, outcome) => outcome.as_str().replace('_', " "),
    };
    let ago = match slow.ago.as_secs() {
        0 => "just now".to_owned(),
        secs @ ..60 => format!("{secs}s ago"),
        secs => format!("{}min ago", secs / 60),
    };
    // Clients choose it, and not all that can be written in a header field leaves a terminal alone.
    let id = slow.id.iter().flat_map(|id| id.chars());
    let id: String = id.map(|char| if char.is_ascii_graphic() { char } else { '?' }).collect();
    let request = format!("{:method$} {}", slow.method, cut(&slow.route, LONGEST_NAME));
    [duration(slow.latency), request, end, ago, cut(&id, LONGEST_ID)]
}
