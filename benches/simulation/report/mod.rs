//! What came out: tables for people, JSON for programs, plots for both.

mod figure;
mod plot;
mod table;

use std::{fs, io, path::Path};

pub(crate) use self::{
    figure::Figure,
    plot::{Panel, Plot, Series},
    table::Table,
};

/// The places of files are told from here.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Writes `target/bench/AREA.json`.
pub(crate) fn write_figures(area: &str, figures: &[Figure]) -> Result<(), String> {
    let figures = figures.iter().map(Figure::json).collect();
    let text = format!("{:#}\n", serde_json::Value::Array(figures));
    write(Path::new("target/bench"), &format!("{area}.json"), &text)
}

/// Writes a file into a folder that need not exist.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let write = || -> io::Result<()> {
        let folder = Path::new(ROOT).join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), text)
    };
    write().map_err(|error| format!("{}: {error}", folder.join(name).display()))
}
