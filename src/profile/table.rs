//! The numbers as a table for a terminal.

use std::{fmt, time::Duration};

use super::{
    Exemplar, Histogram, Outcome, Snapshot, Window,
    snapshot::{Latency, OperationSnapshot, RouteSnapshot},
};

/// A snapshot's numbers of one window.
pub(super) struct Table<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) window: Window,
}

/// How many characters a picture of latencies has.
const PICTURE: usize = 24;
/// Longer names of routes are cut.
const LONGEST_NAME: usize = 40;

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window;
        let mut routes: Vec<_> = self.snapshot.routes.iter().collect();
        routes.retain(|route| route.stats(window).count > 0 || route.in_flight > 0);
        let mut operations: Vec<_> = self.snapshot.operations.iter().collect();
        operations.retain(|of| of.stats(window).count > 0 || of.in_flight > 0);
        let p99 = |latency: &Option<Latency>| latency.as_ref().map(|latency| latency.p99);
        // A stable sort of what is sorted by the lifetime: equals stay in its order.
        routes.sort_by_key(|route| std::cmp::Reverse(p99(&route.stats(window).latency)));
        operations.sort_by_key(|of| std::cmp::Reverse(p99(&of.stats(window).latency)));

        let of_routes = routes.iter().filter_map(|route| route.stats(window).latency.as_ref());
        let of_operations = operations.iter().filter_map(|of| of.stats(window).latency.as_ref());
        let axis = Axis::over(of_routes.chain(of_operations).map(|latency| &latency.histogram));
        let name = |text: &str| text.chars().count().min(LONGEST_NAME);
        let names = routes.iter().map(|route| name(&route.route) + 8);
        let width = names.chain(operations.iter().map(|of| name(&of.name))).max().unwrap_or(0);
        let layout = Layout { window, axis, width: width.max(12) };

        let since = match window {
            Window::Lifetime => "since the start",
            Window::Minute => "in the last minute",
            Window::FiveMinutes => "in the last 5 minutes",
            Window::Hour => "in the last hour",
        };
        if routes.is_empty() && operations.is_empty() {
            return writeln!(f, "no requests {since}");
        }
        let requests: u64 = routes.iter().map(|route| route.stats(window).count).sum();
        let in_flight: u64 = routes.iter().map(|route| route.in_flight).sum();
        writeln!(f, "{} requests {since}, {in_flight} under way\n", grouped(requests))?;
        if !routes.is_empty() {
            layout.head(f, "route", "requests", "errors", "sent")?;
            routes.iter().try_for_each(|route| layout.route(f, route))?;
        }
        if !operations.is_empty() {
            writeln!(f)?;
            layout.head(f, "operation", "done", "failed", "")?;
            operations.iter().try_for_each(|operation| layout.operation(f, operation))?;
        }
        if !self.snapshot.slowest.is_empty() {
            writeln!(f, "\nslowest of the last hour")?;
            self.snapshot.slowest.iter().try_for_each(|slow| exemplar(f, slow))?;
        }
        Ok(())
    }
}

struct Layout {
    window: Window,
    axis: Axis,
    /// Of the names.
    width: usize,
}

impl Layout {
    fn head(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        count: &str,
        errors: &str,
        sent: &str,
    ) -> fmt::Result {
        let width = self.width;
        let quantiles = ["p50", "p90", "p99", "p99.9", "max"].map(|name| format!("{name:>8}"));
        writeln!(
            f,
            "{name:width$} {count:>10} {:>7} {errors:>7} {:>5} {sent:>8} {}  {}",
            "per s",
            "now",
            quantiles.join(" "),
            self.axis.legend(),
        )
    }

    fn route(&self, f: &mut fmt::Formatter<'_>, route: &RouteSnapshot) -> fmt::Result {
        let stats = route.stats(self.window);
        let row = Row {
            name: format!("{:<7} {}", route.method, cut(&route.route)),
            count: stats.count,
            rate: stats.rate,
            errors: stats.error_rate,
            in_flight: route.in_flight,
            sent: bytes(stats.response_bytes),
            latency: stats.latency.as_ref(),
        };
        self.row(f, &row)
    }

    fn operation(&self, f: &mut fmt::Formatter<'_>, of: &OperationSnapshot) -> fmt::Result {
        let stats = of.stats(self.window);
        let row = Row {
            name: cut(&of.name),
            count: stats.count,
            rate: stats.rate,
            errors: stats.failures as f64 / stats.count.max(1) as f64,
            in_flight: of.in_flight,
            sent: String::new(),
            latency: stats.latency.as_ref(),
        };
        self.row(f, &row)
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row<'_>) -> fmt::Result {
        let quantiles = |latency: &Latency| {
            [latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(duration)
        };
        let quantiles = row.latency.map_or([const { String::new() }; 5], quantiles);
        let picture = row.latency.map(|latency| self.axis.picture(&latency.histogram));
        let line = format!(
            "{:width$} {:>10} {:>7} {:>7} {:>5} {:>8} {}  {}",
            row.name,
            grouped(row.count),
            significant(row.rate),
            share(row.errors),
            grouped(row.in_flight),
            row.sent,
            quantiles.map(|text| format!("{text:>8}")).join(" "),
            picture.unwrap_or_default(),
            width = self.width,
        );
        writeln!(f, "{}", line.trim_end())
    }
}

struct Row<'a> {
    name: String,
    count: u64,
    rate: f64,
    errors: f64,
    in_flight: u64,
    sent: String,
    latency: Option<&'a Latency>,
}

fn exemplar(f: &mut fmt::Formatter<'_>, slow: &Exemplar) -> fmt::Result {
    let what = match (slow.status, slow.outcome) {
        (Some(status), Outcome::Ok | Outcome::ClientError | Outcome::ServerError) => {
            status.to_string()
        }
        (_, outcome) => outcome.as_str().replace('_', " "),
    };
    let id = slow.id.as_deref().unwrap_or("");
    let ago = format!("{} ago", duration(slow.ago));
    let line = format!(
        "{:>8}  {:<7} {}  {what}  {ago}  {id}",
        duration(slow.latency),
        slow.method,
        cut(&slow.route)
    );
    writeln!(f, "{}", line.trim_end())
}

/// The logarithmic scale that all pictures of a table share.
struct Axis {
    /// Natural logarithms of nanoseconds.
    from: f64,
    to: f64,
}

impl Axis {
    fn over<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let (mut shortest, mut longest) = (f64::INFINITY, 1.0_f64);
        for (range, _) in histograms.flat_map(Histogram::buckets) {
            shortest = shortest.min(range.start.as_nanos() as f64);
            longest = longest.max(range.end.as_nanos() as f64);
        }
        let (from, to) = (shortest.clamp(16.0, longest.max(16.0)).ln(), longest.ln());
        // Not so narrow that a bucket is wider than a character.
        Self { from, to: to.max(from + 10_f64.ln()) }
    }

    fn legend(&self) -> String {
        let at = |log: f64| duration(Duration::from_nanos(log.exp() as u64));
        let (from, to) = (at(self.from), at(self.to));
        let dashes = PICTURE.saturating_sub(from.chars().count() + to.chars().count() + 2);
        format!("{from} {} {to}", "─".repeat(dashes))
    }

    /// The higher, the more: by the square root, so that a tail of one in a hundred is still to be seen.
    fn picture(&self, histogram: &Histogram) -> String {
        const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let mut cells = [0_u64; PICTURE];
        for (range, count) in histogram.buckets() {
            let middle = ((range.start + range.end).as_nanos() as f64 / 2.0).max(1.0).ln();
            let share = (middle - self.from) / (self.to - self.from);
            let cell = (share * PICTURE as f64).clamp(0.0, PICTURE as f64 - 1.0) as usize;
            cells[cell] += count;
        }
        let most = cells.iter().copied().max().unwrap_or(0).max(1) as f64;
        let block = |count: u64| {
            let height = (count as f64 / most).sqrt() * (BLOCKS.len() - 1) as f64;
            BLOCKS[height.ceil() as usize]
        };
        cells.map(block).iter().collect()
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept = name.chars().take(LONGEST_NAME - 1);
    kept.chain(['…']).collect()
}

/// Three significant digits in the unit that suits.
fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    // What would be rounded up to a thousand is one of the next.
    let unit = units.into_iter().find(|(size, _)| nanos >= size * 0.9995);
    match unit {
        Some((size, unit)) => format!("{} {unit}", significant(nanos / size)),
        None => format!("{nanos} ns"),
    }
}

fn bytes(bytes: u64) -> String {
    let bytes = bytes as f64;
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(size, _)| bytes >= size * 0.9995) {
        Some((size, unit)) => format!("{} {unit}", significant(bytes / size)),
        None => format!("{bytes} B"),
    }
}

/// Three significant digits, all digits of whole numbers.
fn significant(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => grouped(number.round() as u64),
    }
}

fn share(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.01 => "<0.01 %".to_owned(),
        percent if percent < 99.95 => format!("{} %", significant(percent)),
        percent => format!("{percent:.0} %"),
    }
}

/// With a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        let durations = [0, 7, 999, 1_000, 12_345, 999_499, 999_600, 1_234_567, 59_960_000_000]
            .map(|nanos| duration(Duration::from_nanos(nanos)));
        let expected = [
            "0 ns", "7 ns", "1.00 µs", "1.00 µs", "12.3 µs", "999 µs", "1.00 ms", "1.23 ms",
            "60.0 s",
        ];
        assert_eq!(durations, expected);
        assert_eq!(duration(Duration::from_secs(12_345)), "12,345 s");
        assert_eq!([0, 999, 1_000, 1_234_567].map(bytes), ["0 B", "999 B", "1.00 kB", "1.23 MB"]);
        assert_eq!(
            [0.0, 0.00001, 0.0123, 0.9999, 1.0].map(share),
            ["0 %", "<0.01 %", "1.23 %", "100 %", "100 %"]
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(cut(&"ä".repeat(41)).chars().count(), 40);
    }
}
