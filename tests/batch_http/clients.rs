//! Clients of all kinds at once: each gets the answer to its own request, whatever the others do.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use tokio::time::{sleep, timeout};
use tower_weir::batch::HttpBatched;

use crate::kit::{Piece, Record, coming, layer, send};

const MOST_BYTES: usize = 8;
/// Odd, as all that clients do is done at even times.
const MOST_WAIT: u64 = 51;
const MOST_ITEMS: usize = 3;

/// What a client does. Times are in milliseconds.
#[derive(Clone, Debug)]
struct Client {
    comes_after: u64,
    /// Pieces of its body, and for how long each is waited for.
    pieces: Vec<(u64, &'static str)>,
    then: Then,
    leaves_after: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Ends,
    Breaks,
    Hangs,
}

impl Client {
    /// The status and the text that it gets if it stays.
    fn expects(&self, path: &str) -> (u16, String) {
        let (mut time, mut text) = (0, String::new());
        for (wait, piece) in &self.pieces {
            time += wait;
            text.push_str(piece);
            if time > MOST_WAIT {
                return (408, String::new());
            }
            if text.len() > MOST_BYTES {
                return (413, String::new());
            }
        }
        match self.then {
            Then::Ends => (200, format!("{path} {text}")),
            Then::Breaks => (400, String::new()),
            Then::Hangs => (408, String::new()),
        }
    }

    /// The status and the text that it gets; `None` if it has left.
    async fn run(self, path: String, service: HttpBatched<Full<Bytes>>) -> Option<(u16, String)> {
        sleep(Duration::from_millis(self.comes_after)).await;
        let (request, body) = coming(&path);
        let sends = async {
            for (wait, piece) in self.pieces {
                sleep(Duration::from_millis(wait)).await;
                // Whoever has been rejected already is not heard any more.
                let _ = body.send(Piece::Data(piece));
            }
            match self.then {
                Then::Ends => drop(body),
                Then::Breaks => drop(body.send(Piece::Error)),
                Then::Hangs => sleep(Duration::from_secs(3_600)).await,
            }
        };
        let answered = async {
            let mut sends = std::pin::pin!(sends);
            let mut answer = std::pin::pin!(send(&service, request));
            tokio::select! {
                biased;
                answer = &mut answer => answer,
                () = &mut sends => answer.await,
            }
        };
        let stays = Duration::from_millis(self.leaves_after.unwrap_or(1_000_000));
        let answer = timeout(stays, answered).await.ok()?;
        let text = if answer.status == 200 { answer.text } else { String::new() };
        Some((answer.status, text))
    }
}

fn clients() -> impl Strategy<Value = Vec<Client>> {
    let even = |most: u64| (0..most / 2).prop_map(|half| 2 * half);
    let piece = (even(30), prop::sample::select(vec!["", "a", "bcd", "efghi"]));
    let then = prop_oneof![8 => Just(Then::Ends), 1 => Just(Then::Breaks), 1 => Just(Then::Hangs)];
    let client = (even(60), prop::collection::vec(piece, 0..4), then, prop::option::of(even(80)));
    let client = client.prop_map(|(comes_after, pieces, then, leaves_after)| Client {
        comes_after,
        pieces,
        then,
        leaves_after,
    });
    prop::collection::vec(client, 1..30)
}

proptest! {
    #[test]
    fn each_gets_the_answer_to_its_own_request(clients in clients()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let record = Record::default();
            let seen = record.clone();
            let http = layer().max_size(MOST_ITEMS).http().max_body_bytes(MOST_BYTES);
            let http = http.max_body_wait(Duration::from_millis(MOST_WAIT));
            let service = http.service_fn(async move |batch: Vec<Request<Bytes>>| {
                let answer = |request: &Request<Bytes>| {
                    let text = String::from_utf8_lossy(request.body());
                    Response::new(Full::from(format!("{} {text}", request.uri())))
                };
                let answers = batch.iter().map(answer).collect::<Vec<_>>();
                seen.add(batch);
                sleep(Duration::from_millis(7)).await;
                answers
            });
            let runs = clients.iter().enumerate().map(|(n, client)| {
                tokio::spawn(client.clone().run(format!("/{n}"), service.clone()))
            });
            let mut answered = 0;
            for (n, run) in runs.collect::<Vec<_>>().into_iter().enumerate() {
                let client = &clients[n];
                match run.await.unwrap() {
                    Some(answer) => {
                        answered += usize::from(answer.0 == 200);
                        assert_eq!(answer, client.expects(&format!("/{n}")), "{client:?}");
                    }
                    None => assert!(client.leaves_after.is_some()),
                }
            }
            service.handle().drain().await;
            let (stats, sizes) = (service.handle().stats(), record.sizes());
            let served: usize = sizes.iter().sum();
            assert!(sizes.iter().all(|size| (1..=MOST_ITEMS).contains(size)), "{sizes:?}");
            assert!(served >= answered, "{sizes:?}");
            assert_eq!((stats.waiting, stats.in_flight), (0, 0));
            assert_eq!(stats.items, served as u64 + stats.abandoned);
            let mut paths: Vec<_> = record.batches().into_iter().flatten().collect();
            paths.sort();
            paths.dedup();
            assert_eq!(paths.len(), served, "nobody is served twice");
        });
    }
}
