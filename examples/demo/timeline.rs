//! The seconds of a run as lines.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _},
    ops::Range,
};

use crate::reports::{CONNECTIONS, DEGRADED_CONNECTIONS, TARGET};

const BAR: usize = 40;

/// The requests that were sent in a second, and the multiplier that they met last.
#[derive(Default)]
pub(crate) struct Second {
    pub(crate) offered: usize,
    pub(crate) passed: usize,
    pub(crate) good: usize,
    pub(crate) multiplier: f64,
}

pub(crate) struct Timeline {
    pub(crate) seconds: Vec<Second>,
    /// The seconds in which the route was degraded.
    pub(crate) degraded: Range<usize>,
}

impl Timeline {
    /// Shows where it is in a line that is written over, if somebody watches.
    pub(crate) fn show_progress(&self, total: usize) {
        let mut stderr = std::io::stderr();
        if let (true, Some(last)) = (stderr.is_terminal(), self.seconds.last()) {
            let (now, multiplier) = (self.seconds.len(), last.multiplier);
            let _ = write!(stderr, "\r{now} of {total} s {} {multiplier:.2} ", bar(multiplier));
        }
    }

    /// Clears that line, for the timeline comes next.
    pub(crate) fn end_progress(&self) {
        let mut stderr = std::io::stderr();
        if stderr.is_terminal() {
            let _ = write!(stderr, "\r{:70}\r", "");
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text =
            String::from("GET /report   offered   passed     good   multiplier of the limit\n");
        for (at, second) in self.seconds.iter().enumerate() {
            if at == self.degraded.start {
                let _ = writeln!(
                    text,
                    "           ── {DEGRADED_CONNECTIONS} of {CONNECTIONS} connections are left ──"
                );
            }
            if at == self.degraded.end {
                let _ = writeln!(text, "           ── all {CONNECTIONS} are back ──");
            }
            let Second { offered, passed, good, multiplier } = second;
            let _ = writeln!(
                text,
                "{:>11} s{offered:>10}{passed:>9}{good:>9}   {} {multiplier:.2}",
                at + 1,
                bar(*multiplier),
            );
        }
        if self.seconds.len() < self.degraded.end {
            text.push_str("\nInterrupted before the end.");
            return text;
        }
        let (low, end) = (self.multipliers().fold(1.0, f64::min), self.multipliers().last());
        let _ = write!(
            text,
            "\nThe multiplier fell to {low:.2}, and was {:.2} in the end. Good is a 200 within {} ms: while connections were few,\n\
             {} were good in the first half of that time, {} in the second.",
            end.unwrap_or(1.0),
            TARGET.as_millis(),
            self.good_in(self.degraded.start..self.middle()),
            self.good_in(self.middle()..self.degraded.end),
        );
        text
    }

    fn multipliers(&self) -> impl Iterator<Item = f64> {
        self.seconds.iter().map(|second| second.multiplier)
    }

    fn middle(&self) -> usize {
        self.degraded.start.midpoint(self.degraded.end)
    }

    fn good_in(&self, seconds: Range<usize>) -> String {
        let seconds = self.seconds.iter().skip(seconds.start).take(seconds.len());
        let sum = |of: fn(&Second) -> usize| seconds.clone().map(of).sum::<usize>();
        format!("{} of {} answers", sum(|it| it.good), sum(|it| it.passed))
    }
}

/// A share in eighths of a character.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * (BAR * 8) as f64).round() as usize;
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    format!("{bar:<BAR$}")
}
