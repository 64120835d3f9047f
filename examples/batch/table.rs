//! What was measured, side by side.

use std::{fmt::Write, time::Duration};

use tower_weir::batch::BatchStats;

use crate::{
    callers::Measured,
    database::{JOURNAL, READERS, SYNCHRONOUS, WRITERS},
};

/// What is above the rows.
pub(crate) fn head(callers: u64, each: Duration) -> String {
    format!(
        "{callers} callers, {each:?} for each measure; SQLite {}, journal {JOURNAL}, synchronous {SYNCHRONOUS}, \
         connections: {WRITERS} to write, {READERS} to read\n\n\
         {:<22}{:>12}{:>12}{:>10}\n",
        rusqlite::version(),
        "",
        "one by one",
        "batched",
        "ratio",
    )
}

/// The rows about `what`.
pub(crate) fn rows<T, U>(
    what: &str,
    alone: &Measured<T>,
    together: &Measured<U>,
    batches: &BatchStats,
) -> String {
    let mut text = String::new();
    let mut row = |name: &str, alone: f64, together: f64, digits: usize| {
        let ratio = together / alone;
        let decimals = if ratio < 1.0 { 3 } else { 1 };
        let _ = writeln!(
            text,
            "{name:<22}{alone:>12.digits$}{together:>12.digits$}{ratio:>9.decimals$}x"
        );
    };
    let millis = |measured: Duration| measured.as_secs_f64() * 1e3;
    row(&format!("{what} a second"), alone.per_second(), together.per_second(), 0);
    for percent in [50, 99] {
        let (alone, together) = (alone.quantile(percent), together.quantile(percent));
        row(&format!("  p{percent} ms"), millis(alone), millis(together), 2);
    }
    row("  mean batch", 1.0, batches.items as f64 / batches.batches.max(1) as f64, 1);
    text
}
