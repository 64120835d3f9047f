//! Instructions instead of time: the same on a busy machine as on an idle one.

use std::{env, process::Command};

const ITERATIONS: u64 = 2048;

/// Whether valgrind can be run; if not, what to do.
pub(crate) fn available() -> Result<(), String> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("--count needs valgrind ({error}): apt-get install valgrind")),
    }
}

/// What one iteration of a case takes: the difference of a long and a short run, so that what happens once cancels out.
pub(crate) fn instructions(case: &str) -> Result<f64, String> {
    let (short, long) = (collect(case, ITERATIONS)?, collect(case, 2 * ITERATIONS)?);
    Ok((long - short) as f64 / ITERATIONS as f64)
}

fn collect(case: &str, iterations: u64) -> Result<i64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*case::timed*"])
        .arg(program)
        .args(["--case", case, "--iterations", &iterations.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind said: {said}"))
}
