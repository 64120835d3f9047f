//! The table for people and the JSON for programs.

use std::{fs, io, path::Path, process::ExitCode};

use serde_json::Value;

use crate::row::{Row, Section};

const HEAD: [&str; 8] = ["", "unit", "ours", "peer", "", "ratio", "goal", ""];

/// Whether a column stands to the right: figures do.
const RIGHT: [bool; 8] = [false, false, true, true, false, true, false, false];

/// Prints what came out and writes it down. It is a failure only if a promise was broken: a goal may have been missed because
/// the machine was busy.
pub(crate) fn conclude(area: &str, about: &str, sections: &[Section]) -> Result<ExitCode, String> {
    println!("\n{area}: {about}\n");
    print(sections);
    let file = format!("target/bench/{area}.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&file);
    write(&path, sections).map_err(|error| format!("{file}: {error}"))?;

    let rows =
        sections.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    let broken: Vec<_> = rows.filter(|(_, row)| row.breaks_promise()).collect();
    for (section, row) in &broken {
        eprintln!("a promise is broken: {}: {}", section.name, row.name);
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(sections: &[Section]) {
    let cells = sections.iter().flat_map(|section| section.rows.iter().map(cells));
    let lines: Vec<_> = [HEAD.map(String::from)].into_iter().chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: [usize; 8] = std::array::from_fn(|column| width(column).unwrap_or(0));

    let mut lines = lines.iter();
    let mut print_next = || {
        if let Some(line) = lines.next() {
            println!("{}", aligned(line, &widths));
        }
    };
    print_next();
    for section in sections {
        println!("\n{}: {}", section.name, section.about);
        section.rows.iter().for_each(|_| print_next());
    }

    let met: Vec<_> =
        sections.iter().flat_map(|section| &section.rows).filter_map(Row::met).collect();
    let reached = met.iter().filter(|met| **met).count();
    println!("\n{reached} of {} goals met.", met.len());
}

fn write(path: &Path, sections: &[Section]) -> io::Result<()> {
    let rows = |section: &Section| -> Vec<Value> {
        section.rows.iter().map(|row| row.json(section.name)).collect()
    };
    let rows: Vec<_> = sections.iter().flat_map(rows).collect();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, format!("{:#}\n", Value::Array(rows)))
}

fn cells(row: &Row) -> [String; 8] {
    let (peer_name, peer) =
        row.peer.map(|(name, peer)| (name, figure(peer, row.unit))).unwrap_or_default();
    let met = match row.met() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "",
    };
    [
        format!("  {}", row.name),
        row.unit.to_owned(),
        figure(row.ours, row.unit),
        peer,
        peer_name.to_owned(),
        row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        row.goal().unwrap_or_default(),
        met.to_owned(),
    ]
}

/// With so many digits as mean something. Of a share it is often those by which it is less than the whole.
fn figure(value: f64, unit: &str) -> String {
    match unit {
        "%" => format!("{value:.3}"),
        _ if value.abs() < 100.0 && value.fract() != 0.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn aligned(line: &[String; 8], widths: &[usize; 8]) -> String {
    let padded = line.iter().zip(widths).zip(RIGHT).map(|((cell, &width), right)| {
        if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
