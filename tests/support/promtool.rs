//! Prometheus' own opinion of what it would be given.

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// What promtool objects to in `input`, which it reads from its standard input.
pub(crate) fn promtool(arguments: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new("promtool");
    let command = command.args(arguments).stdin(Stdio::piped());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("promtool cannot be run ({error}): scripts/test unpacks it from Debian's package `prometheus`")
    });
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stdout, output.stderr].concat();
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&told)))
}
