/// Rows about one matter.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    /// One for each column but the first.
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn print(&self) {
        let head = [""].iter().chain(&self.head).map(|cell| (*cell).to_owned()).collect();
        let lines: Vec<Vec<String>> = [head].into_iter().chain(self.rows.iter().cloned()).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        println!("\n{}: {}", self.name, self.about);
        for line in &lines {
            let cells = line.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                if column == 0 { format!("  {cell:<width$}") } else { format!("{cell:>width$}") }
            });
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}
