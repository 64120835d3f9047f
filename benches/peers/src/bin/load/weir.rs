//! `examples/proxy`, configured by a file.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{Server, WORKERS};

/// What nginx does here: a limit for each peer that counts and never cuts, and a cache.
pub(crate) const AS_NGINX: &str = r#"
[defaults]
rate_limit = { key = "peer_ip", policies = ["1000000/second; burst=1000000"], headers = "none" }
cache = { cache_status = false }
"#;

/// All layers, as they come.
pub(crate) const WHOLE: &str = r#"
[defaults]
profile = true
rate_limit = { key = "peer_ip", policies = ["1000000/second; burst=1000000", "60000000/minute"] }
cache = true
concurrency = { limit = 256 }
circuit_breaker = true
"#;

/// In front of an upstream, by a file with this text.
pub(crate) fn start(name: &str, upstream: u16, text: &str) -> Server {
    Server::start(name, |port, folder| command(port, upstream, &folder.write("weir.toml", text)))
}

/// What starts it with such a file.
pub(crate) fn command(port: u16, upstream: u16, file: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .arg("--config")
        .arg(file)
        .args(["--upstream", &format!("http://127.0.0.1:{upstream}")])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--log", "off"])
        .env("TOKIO_WORKER_THREADS", WORKERS.to_string());
    command
}

fn program() -> PathBuf {
    let told = env::var_os("PROXY");
    PathBuf::from(told.expect("PROXY tells where the proxy is: `scripts/bench load` builds it"))
}
