use bytesize::ByteSize;

use super::{
    part::{not, part},
    similar,
};
use crate::stack::file::{Node, Problem, Problems, Value};

const HELP: &str = "a number of bytes, or a number and a unit, such as \"64MiB\" or \"512kB\"";
const UNITS: [&str; 13] =
    ["B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "EB", "EiB"];

/// A size such as `"64MiB"` or `65536`; not zero, which leaves no room for anything.
pub(in crate::stack::file) fn bytes(node: &Node, problems: &mut Problems) -> Option<u64> {
    let size = match &node.value {
        Value::Text(text) => text.trim().parse::<ByteSize>().map(|size| size.0).map_err(|_| text),
        Value::Integer(number) if *number >= 0 => Ok(number.unsigned_abs()),
        _ => {
            problems.add(not(node, "a size").help(HELP));
            return None;
        }
    };
    problems.add(match size {
        Ok(0) => Problem::error(&node.place, "a size of 0 leaves no room for anything")
            .label("must be at least 1 byte")
            .help(HELP),
        Ok(size) => return Some(size),
        Err(text) => unreadable(node, text),
    });
    None
}

fn unreadable(node: &Node, text: &str) -> Problem {
    let problem = not(node, "a size").help(HELP);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let at = text.len() - unit.len();
    if at == 0 || unit.is_empty() {
        return problem;
    }
    let unit = unit.trim_end();
    let place = part(node, text, at..at + unit.len());
    let problem = Problem::error(&place, format!("unknown unit of size `{unit}`")).help(HELP);
    match similar(unit, UNITS) {
        Some(meant) if place != node.place => {
            problem.label(format!("did you mean `{meant}`?")).replace_by(meant)
        }
        _ => problem.label("not a unit of size"),
    }
}
