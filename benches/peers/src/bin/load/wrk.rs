//! wrk, and what it tells.

use std::process::Command;

use tower_weir_peers::Folder;

/// Connections, each of which asks for one thing after the other, and the threads that they are spread over.
pub(crate) const CONNECTIONS: usize = 64;
const THREADS: usize = 2;

/// What came of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Answers of 400 and more, connections that failed, requests without an answer.
    pub(crate) failed: u64,
}

/// Tells numbers, not a text for people.
const TELL: &str = r#"
function done(summary, latency, requests)
    local errors = summary.errors
    local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("told %d %d %d %d %d\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99), failed))
end
"#;

/// Asks one server for one page all the time.
pub(crate) fn load(port: u16, path: &str, seconds: u64) -> Load {
    let [requests, took_us, p50_us, p99_us, failed] = run(port, path, seconds, TELL);
    Load { requests_per_second: requests / (took_us / 1e6), p50_us, p99_us, failed: failed as u64 }
}

/// Runs it with a script, and reads the numbers that its `done` writes in a line that begins with `told`.
///
/// # Panics
///
/// If it does not tell so many.
pub(crate) fn run<const N: usize>(port: u16, path: &str, seconds: u64, script: &str) -> [f64; N] {
    let folder = Folder::new("wrk");
    let script = folder.write("wrk.lua", script);
    let output = Command::new("wrk")
        .args(["--threads", &THREADS.to_string(), "--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s"), "--timeout", "5s"])
        .arg("--script")
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()
        .expect("`scripts/bench load` installs wrk");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = said.lines().find_map(|line| line.strip_prefix("told "));
    let numbers = told.map(|told| told.split(' ').filter_map(|number| number.parse().ok()));
    let numbers: Vec<f64> = numbers.into_iter().flatten().collect();
    numbers
        .try_into()
        .unwrap_or_else(|_| panic!("wrk said: {said}{}", String::from_utf8_lossy(&output.stderr)))
}
