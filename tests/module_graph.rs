//! Arrows between modules point one way, and time is read in one place.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The modules from the ground up. A module may use those of rows above its own, and none of its own row.
const ROWS: &[&[&str]] = &[
    &["clock", "error", "body", "head", "list", "readied", "sync"],
    &["reject", "telemetry", "load"],
    &["route", "key", "verdict", "deadline"],
    &["fingerprint", "flight", "pass_marks", "recording"],
    &["content"],
    &["rate_limit", "concurrency", "circuit_breaker", "cache", "profile", "batch", "coalesce"],
    &["redis"],
    &["stack"],
    &["monitor", "pool", "postgres"],
    &["ops"],
    &["load_test"],
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The top-level module of a file.
fn module(path: &Path) -> String {
    let relative = path.strip_prefix(source()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn row(module: &str) -> usize {
    let row = ROWS.iter().position(|row| row.contains(&module));
    row.unwrap_or_else(|| panic!("`{module}` has no place in ROWS: give it one"))
}

/// Every `crate::module` in the code: in `use`, also nested braces, and in paths.
fn uses(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for (at, marker) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + marker.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(names_in_group(group)),
            None => found.extend(first_name(rest)),
        }
    }
    found
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first names of a brace group's entries, without those of groups inside it.
fn names_in_group(group: &str) -> Vec<String> {
    let (mut depth, mut entry, mut names) = (0, String::new(), Vec::new());
    for char in group.chars() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(first_name(std::mem::take(&mut entry).trim())),
            _ if depth == 0 => entry.push(char),
            _ => {}
        }
    }
    names.extend(first_name(entry.trim()));
    names
}

fn wrong_arrows(from: &str, text: &str) -> Vec<String> {
    let arrows = uses(text).into_iter().filter(|to| to != from);
    arrows.filter(|to| row(to) >= row(from)).map(|to| format!("{from} -> {to}")).collect()
}

#[test]
fn arrows_point_one_way() {
    let files = files(&source());
    assert!(files.len() > 30, "the tree was found");
    let wrong: Vec<_> = files
        .iter()
        .filter(|path| module(path) != "lib")
        .flat_map(|path| wrong_arrows(&module(path), &fs::read_to_string(path).unwrap()))
        .collect();
    assert!(wrong.is_empty(), "arrows that point the wrong way: {wrong:#?}");
}

#[test]
fn a_wrong_arrow_is_found() {
    let text = "use crate::{\n    clock::Clock,\n    rate_limit::{Quota, Table},\n    body,\n};\n// crate::stack\n";
    assert_eq!(uses(text), ["body", "clock", "rate_limit"].map(String::from).into());
    assert_eq!(wrong_arrows("key", text), ["key -> rate_limit"]);
    assert_eq!(wrong_arrows("cache", "crate::rate_limit::Quota"), ["cache -> rate_limit"]);
    assert!(wrong_arrows("rate_limit", text).is_empty());
    assert!(wrong_arrows("rate_limit", "pub(crate) use crate::rate_limit::Quota;").is_empty());
}

#[test]
fn time_is_read_in_one_place() {
    let readers = ["Instant::now", "SystemTime::now", ".elapsed()"];
    for path in files(&source()).iter().filter(|path| module(path) != "clock") {
        let text = fs::read_to_string(path).unwrap();
        for reader in readers {
            assert!(!text.contains(reader), "{} has {reader}: ask a `Clock`", path.display());
        }
    }
}

#[test]
fn files_stay_small() {
    for path in files(&source()) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 500, "{} has {lines} lines: is it one concern?", path.display());
        if path.ends_with("mod.rs") || path.ends_with("lib.rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                !text.contains("fn main") && !text.contains("impl "),
                "{}: docs and re-exports only",
                path.display()
            );
        }
    }
}
