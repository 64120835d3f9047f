//! Clients and an upstream as a test plays them, byte by byte, with the proxy between them.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::proxy::{
    args::{Args, Command, parse},
    serve::serve,
    stack::stack,
};

/// Longer than anything takes that happens at all.
const HUNG: Duration = Duration::from_secs(30);

/// A proxy, and the upstream that it asks.
pub(crate) struct Wire {
    address: SocketAddr,
    upstream: TcpListener,
    wish: mpsc::Sender<()>,
    proxy: JoinHandle<()>,
}

impl Wire {
    /// A proxy with these switches.
    pub(crate) async fn new(switches: &[&str]) -> Self {
        Self::impatient(switches, HUNG).await
    }

    /// One that waits for the upstream only so long.
    pub(crate) async fn impatient(switches: &[&str], patience: Duration) -> Self {
        let upstream = listen().await;
        let args = arguments(upstream.local_addr().unwrap(), switches);
        let args = Args { timeout: patience, ..args };
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let (wish, wishes) = mpsc::channel(1);
        let proxy = tokio::spawn(async move {
            serve(listener, stack(&args), args.log(), wishes).await;
        });
        Self { address, upstream, wish, proxy }
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

    /// Waits until it has.
    pub(crate) async fn ended(self) {
        timeout(HUNG, self.proxy).await.expect("the proxy does not end").unwrap();
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
    fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
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

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// What the command line would have been.
fn arguments(upstream: SocketAddr, switches: &[&str]) -> Args {
    let upstream = format!("http://{upstream}");
    // A small store is made faster.
    let all = ["--quiet", "--max-bytes", "4M", "--upstream", &upstream]
        .into_iter()
        .chain(switches.iter().copied());
    match parse(lexopt::Parser::from_args(all)) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => panic!("a proxy is wanted, not help"),
        Err(message) => panic!("{message}"),
    }
}
