//! Columns of text.

use std::fmt;

/// A table of cells, each of some lines. The columns are as wide as they must be.
#[derive(Default)]
pub(super) struct Grid {
    /// Whether the first row has the titles.
    headed: bool,
    rows: Vec<Vec<Vec<String>>>,
}

/// Between two columns.
const GAP: &str = "  ";

impl Grid {
    pub(super) fn headed(titles: impl IntoIterator<Item = &'static str>) -> Self {
        let titles = titles.into_iter().map(|title| vec![title.to_owned()]).collect();
        Self { headed: true, rows: vec![titles] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Vec<String>>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How wide each column is, in characters.
    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let lines =
            |column: usize| self.rows.iter().filter_map(move |row| row.get(column)).flatten();
        (0..columns)
            .map(|column| lines(column).map(|line| width(line)).max().unwrap_or(0))
            .collect()
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (number, row) in self.rows.iter().enumerate() {
            let height = row.iter().map(Vec::len).max().unwrap_or_default();
            for line in 0..height {
                let mut text = String::new();
                for (cell, width_of_column) in row.iter().zip(&widths) {
                    let part = cell.get(line).map_or("", String::as_str);
                    text.push_str(part);
                    text.extend(std::iter::repeat_n(' ', width_of_column - width(part)));
                    text.push_str(GAP);
                }
                writeln!(f, "{}", text.trim_end())?;
            }
            if self.headed && number == 0 {
                let rule: Vec<_> = widths.iter().map(|width| "─".repeat(*width)).collect();
                writeln!(f, "{}", rule.join(GAP))?;
            }
        }
        Ok(())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
