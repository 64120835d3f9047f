use std::fmt;

use super::grid::Grid;
use crate::stack::settings::Section;

/// Which rules hold for one request, in the order in which it meets them, and where each comes from: by its `Display`.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// `GET /search`
    pub(super) request: String,
    /// What it belongs to, and where that is written.
    pub(super) route: String,
    /// Other routes that would fit it, and say less about its path.
    pub(super) others: Vec<String>,
    pub(super) steps: Vec<Step>,
}

/// A section, as it holds for a request.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) section: Section,
    /// Whose it is, or why it is off.
    pub(super) note: String,
    /// Key, value and origin.
    pub(super) entries: Vec<[String; 3]>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} belongs to {}", self.request, self.route)?;
        for other in &self.others {
            writeln!(f, "  {other} fits too, and says less about the path")?;
        }
        for (number, Step { section, note, entries }) in self.steps.iter().enumerate() {
            writeln!(f, "\n{}. {}: {note}", number + 1, section.name())?;
            let mut grid = Grid::default();
            for entry in entries {
                let cells = entry.iter().map(|cell| vec![cell.clone()]);
                grid.row([vec![" ".to_owned()]].into_iter().chain(cells));
            }
            grid.fmt(f)?;
        }
        Ok(())
    }
}
