//! The proxy as a process: what signals do to it, and how it exits.

use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::wire::*;

/// What the proxy's arguments are handed over in, one a line.
const ARGUMENTS: &str = "PROXY_TEST_ARGUMENTS";

/// The program itself: the other tests run this one in a process of its own. Without arguments it does nothing.
#[tokio::test]
async fn the_proxy_itself() {
    if let Ok(arguments) = std::env::var(ARGUMENTS) {
        let arguments = lexopt::Parser::from_args(arguments.lines());
        let code = crate::proxy::run::run(arguments).await;
        std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS) + EXIT_BASE);
    }
}

/// Not what the harness exits with by itself.
const EXIT_BASE: i32 = 40;

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "process::the_proxy_itself", "--nocapture"]);
        // A variable cannot be had by tests that run beside this one: it is the child's alone.
        command.env(ARGUMENTS, arguments.join("\n")).env_remove("NEXTEST_EXECUTION_MODE");
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The address in the line with these words.
    async fn address(&mut self, words: &str) -> SocketAddr {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("it has ended");
                // The harness writes without a line's end before.
                let at = line.find("http://").unwrap_or(line.len());
                if let Some((address, _)) = line[at..].split_once(words) {
                    return address.trim_start_matches("http://").parse().unwrap();
                }
            }
        };
        timeout(HUNG, found).await.expect("it does not start")
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &id]).status().await.unwrap().success());
    }

    /// Its exit code.
    async fn ended(mut self) -> i32 {
        let status = timeout(HUNG, self.child.wait()).await.expect("it does not end").unwrap();
        ExitStatus::code(&status).expect("it ended by itself") - EXIT_BASE
    }
}

/// A request under way: the client, the upstream, where operators look, and what must stay.
async fn under_way(drain: &str) -> (Process, Peer, Peer, SocketAddr, File) {
    let upstream = listen().await;
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let file = File::new("watch = false");
    let mut process = Process::start(&[
        "--config",
        file.path().to_str().unwrap(),
        "--upstream",
        &url,
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--drain",
        drain,
    ]);
    let admin = process.address(" for operators").await;
    let address = process.address(" in front of").await;
    let mut client = Peer::new(TcpStream::connect(address).await.unwrap());
    client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
    let accepted = timeout(HUNG, upstream.accept()).await.unwrap();
    let mut asked = Peer::new(accepted.unwrap().0);
    asked.head().await;

    (process, client, asked, admin, file)
}

#[tokio::test]
async fn sigterm_lets_requests_end() {
    let (process, mut client, mut upstream, admin, _file) = under_way("30s").await;
    process.signal("-TERM").await;
    // Operators are answered to the end.
    loop {
        let mut operator = Peer::new(TcpStream::connect(admin).await.unwrap());
        operator.send("GET /readyz HTTP/1.1\r\nHost: desk\r\n\r\n").await;
        if operator.message().await.starts_with("HTTP/1.1 503 ") {
            break;
        }
    }
    upstream.send(&answer("", "all of it")).await;
    assert_eq!(body(&client.message().await), "all of it");
    assert_eq!(process.ended().await, 0);
}

#[tokio::test]
async fn what_sigterm_cuts_off_shows_in_the_exit_code() {
    let (process, _client, _upstream, _, _file) = under_way("20ms").await;
    process.signal("-TERM").await;
    assert_eq!(process.ended().await, 1);
}

#[tokio::test]
async fn a_check_exits_by_what_it_finds() {
    let file = File::new("watch = false");
    let path = file.path().to_str().unwrap();
    assert_eq!(Process::start(&["check", path]).ended().await, 0);
    assert_eq!(Process::start(&["check", path, "--explain", "GET /search"]).ended().await, 0);
    file.write("nonsense = [");
    assert_eq!(Process::start(&["check", path]).ended().await, 1);
}
