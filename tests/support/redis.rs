//! Real servers, started for a test on a free port with a folder of their own, and gone with it.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

/// A `redis-server` of this test's own.
pub(crate) struct RedisServer {
    port: u16,
    tls_port: Option<u16>,
    folder: Folder,
    arguments: Vec<String>,
    child: Child,
}

/// What a server that speaks TLS is given, all in PEM.
pub(crate) struct Tls<'a> {
    pub(crate) certificate: &'a str,
    pub(crate) key: &'a str,
    /// Who signs the certificates of its clients, if it asks for any.
    pub(crate) clients: Option<&'a str>,
}

impl RedisServer {
    /// One that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same with more arguments.
    ///
    /// # Panics
    ///
    /// If there is no `redis-server`: these tests are never skipped.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::started(Folder::new(), arguments, false)
    }

    /// One that speaks TLS as well, at a port of its own.
    pub(crate) fn with_tls(tls: &Tls<'_>) -> Self {
        let folder = Folder::new();
        let file = |name: &str, content: &str| {
            let path = folder.0.join(name);
            fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (certificate, key) = (file("cert.pem", tls.certificate), file("key.pem", tls.key));
        let clients = file("clients.pem", tls.clients.unwrap_or(tls.certificate));
        let asks = if tls.clients.is_some() { "yes" } else { "no" };
        let mut arguments = vec!["--tls-cert-file", &certificate, "--tls-key-file", &key];
        arguments.extend(["--tls-ca-cert-file", &clients, "--tls-auth-clients", asks]);
        Self::started(folder, &arguments, true)
    }

    fn started(folder: Folder, arguments: &[&str], tls: bool) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        // Another process may take a port between its choice and the server's start.
        loop {
            let (port, tls_port) = (free_port(), tls.then(free_port));
            let mut child = spawn(port, tls_port, &folder.0, &arguments);
            if listens(&mut child, port) {
                return Self { port, tls_port, folder, arguments, child };
            }
        }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What a client opens.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What a client opens as this user.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}/", self.port)
    }

    /// What a client opens over TLS.
    pub(crate) fn tls_url(&self) -> String {
        format!("rediss://localhost:{}/", self.tls_port.expect("it was started with TLS"))
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same port, with nothing in it.
    pub(crate) fn restart(&mut self) {
        self.kill();
        loop {
            self.child = spawn(self.port, self.tls_port, &self.folder.0, &self.arguments);
            if listens(&mut self.child, self.port) {
                return;
            }
        }
    }

    /// Stops it in its tracks: it goes on accepting connections, by the kernel, and never answers.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Sends a command in its inline form, over a connection of its own; the first answer as it came.
    pub(crate) fn ask(&self, command: &str) -> String {
        inline(self.port, command).unwrap()
    }

    /// How many times a command was called, by its name in lower case.
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.ask("INFO commandstats");
        let begin = format!("cmdstat_{command}:calls=");
        let counted = stats.lines().find_map(|line| line.strip_prefix(&begin));
        counted.map_or(0, |counted| counted.split(',').next().unwrap().parse().unwrap())
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that share the slots, without replicas. If one is gone, the others go on.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let arguments = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"];
        let nodes: Vec<_> = (0..3).map(|_| RedisServer::with(&arguments)).collect();
        for (node, [first, last]) in nodes.iter().zip([[0, 5460], [5461, 10922], [10923, 16383]]) {
            assert_eq!(node.ask(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")), "+OK\r\n");
            assert_eq!(node.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", first + 1)), "+OK\r\n");
        }
        for other in &nodes[1..] {
            let meet = nodes[0].ask(&format!("CLUSTER MEET 127.0.0.1 {}", other.port));
            assert_eq!(meet, "+OK\r\n");
        }
        let knows_all = |node: &RedisServer| {
            let info = node.ask("CLUSTER INFO");
            ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3"]
                .iter()
                .all(|line| info.contains(line))
        };
        while !nodes.iter().all(knows_all) {
            thread::sleep(Duration::from_millis(10));
        }
        Self { nodes }
    }

    /// What a client opens.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// The place among the nodes of the one that has a key.
    pub(crate) fn node_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].ask(&format!("CLUSTER KEYSLOT {key}"));
        let slot: usize = slot.trim_start_matches(':').trim().parse().unwrap();
        slot / 5461
    }
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("weir-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn spawn(port: u16, tls_port: Option<u16>, folder: &Path, arguments: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    if let Some(tls_port) = tls_port {
        command.args(["--tls-port", &tls_port.to_string()]);
    }
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`redis-server` starts; `scripts/test` installs it, as does `apt-get install redis-server`")
}

/// Waits until it listens; not so if it has ended, as another process has its port.
fn listens(child: &mut Child, port: u16) -> bool {
    let itself = format!("process_id:{}\r\n", child.id());
    loop {
        if inline(port, "INFO server").is_ok_and(|info| info.contains(&itself)) {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn inline(port: u16, command: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = vec![0; 64 << 10];
    let length = stream.read(&mut answer)?;
    answer.truncate(length);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A port that nobody listens at, of those that have room for the port of a cluster's bus 10,000 above.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        if port <= u16::MAX - 10_000 {
            return port;
        }
    }
}
