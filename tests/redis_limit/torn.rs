//! Answers that come late, in part or not at all, while many are waited for: nobody may get another's.

use std::{
    net::SocketAddr,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet, yield_now},
};
use tower_weir::{
    key::SharedKey,
    rate_limit::{
        Gcra, Quota,
        shared::{Action, Ask, Outcome, SharedStore, SharedStoreError, Terms},
    },
    redis::{Redis, RedisStore, Status},
};

use crate::{random::Random, server::RedisServer, until::until};

/// A way to a server that can hold answers back, and cut them.
struct Way {
    addr: SocketAddr,
    held: watch::Sender<bool>,
    /// After how many more bytes of answers the connection is cut.
    cut: Arc<Mutex<Option<usize>>>,
    task: JoinHandle<()>,
}

impl Way {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, held) = (listener.local_addr().unwrap(), watch::Sender::new(false));
        let cut = Arc::<Mutex<Option<usize>>>::default();
        let (cuts, holds) = (Arc::clone(&cut), held.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(carry(client, server, holds.subscribe(), Arc::clone(&cuts)));
            }
        });
        Self { addr, held, cut, task }
    }

    fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    fn cut_after(&self, bytes: usize) {
        *self.cut.lock().unwrap() = Some(bytes);
    }

    fn is_cut(&self) -> bool {
        self.cut.lock().unwrap().is_none()
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Until one of them closes, or it is cut.
async fn carry(
    client: TcpStream,
    server: TcpStream,
    mut held: watch::Receiver<bool>,
    cut: Arc<Mutex<Option<usize>>>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut bytes = vec![0; 4 << 10];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            if held.wait_for(|held| !held).await.is_err() {
                return;
            }
            let last = {
                let mut cut = cut.lock().unwrap();
                let last = cut.filter(|after| *after <= length);
                *cut = cut.and_then(|after| after.checked_sub(length)).filter(|_| last.is_none());
                last
            };
            let sent = to_client.write_all(&bytes[..last.unwrap_or(length)]).await;
            if last.is_some() || sent.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = up => {}
        () = down => {}
    }
}

/// Charges each key as many cells as its number says.
fn charge(store: &RedisStore, numbers: Range<u32>) -> JoinSet<(u32, Told)> {
    let mut asked = JoinSet::new();
    for number in numbers {
        let terms = Terms::new("torn", Gcra::new(Quota::per_hour(3_600)));
        let key = SharedKey::of(&number.to_string());
        let asking = store.ask(Ask::new(key, [terms], Action::Charge { cells: number }));
        asked.spawn(async move { (number, asking.await) });
    }
    asked
}

type Told = Result<Outcome, SharedStoreError>;

/// How many were answered, each as it asked.
async fn answered(asked: JoinSet<(u32, Told)>) -> usize {
    let mut answered = 0;
    for (number, told) in asked.join_all().await {
        let Ok(outcome) = told else { continue };
        let owed = u64::from(number) * 1_000_000_000;
        assert_eq!((outcome.granted, outcome.standings[0].reset), (number, owed));
        answered += 1;
    }
    answered
}

async fn way(server: &RedisServer, timeout: Duration) -> (Way, RedisStore, Redis) {
    let way = Way::to(server.port()).await;
    let redis = Redis::open(&format!("redis://{}/", way.addr)).unwrap().timeout(timeout).unwrap();
    (way, RedisStore::new(&redis), redis)
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_nobody_elses() {
    let server = RedisServer::start();
    let (way, store, redis) = way(&server, Duration::from_millis(200)).await;
    let mut next = 1;
    let mut late = 0;
    for _ in 0..10 {
        // Few enough that the server is not left alone for it.
        answered(charge(&store, next..next + 20)).await;
        way.hold(true);
        let asked = charge(&store, next + 20..next + 23);
        late += 3 - answered(asked).await;
        way.hold(false);
        answered(charge(&store, next + 23..next + 50)).await;
        next += 50;
        until(|| redis.status() == Status::Up).await;
    }
    assert!(late > 0);
    assert_eq!(number_of_connections(&server), 1, "it was the same connection all the time");
}

/// How many have been opened by clients that run scripts, and are open.
fn number_of_connections(server: &RedisServer) -> usize {
    server.ask("CLIENT LIST").lines().filter(|line| line.contains("cmd=eval")).count()
}

#[tokio::test]
async fn an_answer_that_is_cut_is_nobodys() {
    let server = RedisServer::start();
    let (way, store, _) = way(&server, Duration::from_secs(5)).await;
    let mut random = Random::new(7);
    let mut next = 1;
    let (mut told, mut asked) = (0, 0);
    for _ in 0..10 {
        // Also the script is known then.
        while answered(charge(&store, next..next + 1)).await == 0 {
            next += 1;
            yield_now().await;
        }
        way.cut_after(1 + random.below(600) as usize);
        told += answered(charge(&store, next + 1..next + 41)).await;
        asked += 40;
        next += 41;
        until(|| way.is_cut()).await;
    }
    assert!((1..asked).contains(&told), "{told} of {asked}");
}
