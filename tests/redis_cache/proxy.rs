//! A way to a server that swallows messages.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

/// What passes it passes both ways, until it is to swallow what comes to connections that have subscribed. They stay open.
pub(crate) struct Proxy {
    addr: SocketAddr,
    swallowing: Arc<Swallowing>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Swallowing {
    on: AtomicBool,
    bytes: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let swallowing = Arc::<Swallowing>::default();
        let shared = Arc::clone(&swallowing);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let subscribes = Arc::<AtomicBool>::default();
                tokio::spawn(upward(from_client, to_server, Arc::clone(&subscribes)));
                tokio::spawn(downward(from_server, to_client, subscribes, Arc::clone(&shared)));
            }
        });
        Self { addr, swallowing, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.addr)
    }

    pub(crate) fn swallow_messages(&self, on: bool) {
        self.swallowing.on.store(on, SeqCst);
    }

    /// How many bytes of messages were swallowed.
    pub(crate) fn swallowed(&self) -> usize {
        self.swallowing.bytes.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn upward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, subscribes: Arc<AtomicBool>) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if bytes[..length].windows(9).any(|part| part == b"SUBSCRIBE") {
            subscribes.store(true, SeqCst);
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn downward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    subscribes: Arc<AtomicBool>,
    swallowing: Arc<Swallowing>,
) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if subscribes.load(SeqCst) && swallowing.on.load(SeqCst) {
            swallowing.bytes.fetch_add(length, SeqCst);
        } else if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
