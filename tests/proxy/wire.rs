//! Clients and an upstream as a test plays them, byte by byte, with the proxy between them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::proxy::{
    args::{Args, Command, Timeouts, parse},
    serve::serve,
    stack::stack,
};

use tower_weir::stack::{Handle, Weir};

/// Longer than anything takes that happens at all.
pub(crate) const HUNG: Duration = Duration::from_secs(30);

/// Nothing ends for want of time.
const PATIENT: Timeouts =
    Timeouts { response: HUNG, connect: HUNG, header: HUNG, idle: HUNG, drain: HUNG };

/// What stands in the file of a proxy with a cache, unless a test says otherwise.
const CACHE: [(&str, &str); 5] = [
    ("heuristic", "true"),
    ("client_directives", "'honour'"),
    ("stale_if_error", "'60s'"),
    ("max_object_bytes", "16777216"),
    ("vary", "['x-forwarded-host', 'x-forwarded-port']"),
];

/// A proxy, and the upstream that it asks.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    pub(crate) file: File,
    upstream: TcpListener,
    wish: mpsc::Sender<()>,
    proxy: JoinHandle<bool>,
}

impl Wire {
    /// A proxy with a cache, with these keys in its section besides what is there.
    pub(crate) async fn new(cache: &[(&str, &str)]) -> Self {
        Self::with(&cached(cache), |_| {}).await
    }

    /// One with this file, and other switches than those by default.
    pub(crate) async fn with(config: &str, switch: impl FnOnce(&mut Args)) -> Self {
        let upstream = listen().await;
        let file = File::new(config);
        let mut args = arguments(upstream.local_addr().unwrap(), &file);
        switch(&mut args);
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let (wish, wishes) = mpsc::channel(2);
        let weir = Weir::from_toml(&args.config).unwrap();
        let handle = weir.handle();
        let proxy =
            tokio::spawn(async move { serve(listener, stack(&args, &weir), &args, wishes).await });
        Self { address, handle, file, upstream, wish, proxy }
    }

    /// A client's connection.
    pub(crate) async fn client(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// The next connection to the upstream.
    pub(crate) async fn upstream(&self) -> Peer {
        let accepted = timeout(HUNG, self.upstream.accept()).await;
        Peer::new(accepted.expect("the upstream is not asked").unwrap().0)
    }

    /// Whether the proxy has connected to the upstream, but for connections that the test has taken.
    pub(crate) async fn has_asked(&self) -> bool {
        timeout(Duration::ZERO, self.upstream.accept()).await.is_ok()
    }

    /// Sends a request on a connection of its own and has the upstream answer it.
    pub(crate) async fn exchange(&self, request: &str, answer: &str) -> Exchanged {
        let mut client = self.client().await;
        client.send(request).await;
        let mut upstream = self.upstream().await;
        let asked = upstream.message().await;
        upstream.send(answer).await;
        drop(upstream);
        Exchanged { asked, answered: client.message().await }
    }

    /// Sends a request on a connection of its own, which the proxy must answer without the upstream.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut client = self.client().await;
        client.send(request).await;
        let answered =
            if request.starts_with("HEAD") { client.head().await } else { client.message().await };
        assert!(!self.has_asked().await, "{answered}");
        answered
    }

    /// Wishes that the proxy end.
    pub(crate) async fn end(&self) {
        self.wish.send(()).await.unwrap();
    }

    /// Waits until it has: whether nothing was cut off.
    pub(crate) async fn ended(self) -> bool {
        timeout(HUNG, self.proxy).await.expect("the proxy does not end").unwrap()
    }
}

/// What the upstream got, and what the client.
pub(crate) struct Exchanged {
    pub(crate) asked: String,
    pub(crate) answered: String,
}

/// One end of a connection.
pub(crate) struct Peer {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends as much as goes, until the other side has gone.
    pub(crate) async fn flood(&mut self) {
        let all = async { while self.stream.write_all(&[b'x'; 64 << 10]).await.is_ok() {} };
        timeout(HUNG / 2, all).await.expect("the connection does not end");
    }

    /// Reads until `text` has come.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = String::from_utf8_lossy(&self.read).find(text) {
                return self.take(at + text.len());
            }
            let so_far = String::from_utf8_lossy(&self.read).into_owned();
            assert!(self.read_more().await, "no {text:?} in {so_far:?}");
        }
    }

    /// Reads to the end of the next head.
    pub(crate) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// Reads the next head and its body.
    pub(crate) async fn message(&mut self) -> String {
        let head = self.head().await;
        let lower = head.to_ascii_lowercase();
        if lower.contains("\r\ntransfer-encoding: chunked") {
            return head + &self.until("0\r\n\r\n").await;
        }
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            assert!(self.read_more().await, "the body of {head:?} breaks off");
        }
        head + &self.take(length)
    }

    /// Reads to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        while self.read_more().await {}
        self.take(self.read.len())
    }

    /// Waits until the connection has ended, whatever comes before.
    pub(crate) async fn ended(&mut self) {
        let mut rest = [0; 1024];
        let end = async { while self.stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
        timeout(HUNG / 2, end).await.expect("the connection does not end");
    }

    /// `false` at the end.
    async fn read_more(&mut self) -> bool {
        let read = timeout(HUNG, self.stream.read_buf(&mut self.read)).await;
        read.unwrap_or_else(|_| panic!("nothing follows {:?}", String::from_utf8_lossy(&self.read)))
            .is_ok_and(|read| read > 0)
    }

    fn take(&mut self, length: usize) -> String {
        let rest = self.read.split_off(length);
        String::from_utf8(std::mem::replace(&mut self.read, rest)).unwrap()
    }
}

/// An answer with a body and its length.
pub(crate) fn answer(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The body of a message.
pub(crate) fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().1
}

/// A field of a message, empty if there is none; several are joined.
pub(crate) fn field(message: &str, name: &str) -> String {
    let head = message.split_once("\r\n\r\n").unwrap().0;
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let values: Vec<_> =
        lines.filter(|line| line.0.eq_ignore_ascii_case(name)).map(|line| line.1).collect();
    values.join(", ")
}

/// The file of a proxy with a cache.
pub(crate) fn cached(keys: &[(&str, &str)]) -> String {
    let others = CACHE.iter().filter(|(key, _)| keys.iter().all(|(other, _)| key != other));
    let lines = others.chain(keys).map(|(key, value)| format!("{key} = {value}\n"));
    // A small store is made faster.
    format!(
        "watch = false\n[stores]\ncache = '4MiB'\n[defaults.cache]\n{}",
        lines.collect::<String>()
    )
}

/// A file that goes with the test.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new(text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-proxy-{}-{number}.toml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// What the command line would have been.
fn arguments(upstream: SocketAddr, file: &File) -> Args {
    let upstream = format!("http://{upstream}");
    let all = ["--upstream", &upstream, "--config", file.path().to_str().unwrap()];
    match parse(lexopt::Parser::from_args(all)) {
        Ok(Command::Run(args)) => Args { timeouts: PATIENT, ..args },
        Ok(_) => panic!("a proxy is wanted"),
        Err(message) => panic!("{message}"),
    }
}
