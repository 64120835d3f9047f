//! Whatever happens in whatever order: arrivals, clients that leave, answers, failures, writes.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use http::{Method, Request};
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::world::*;

const PATHS: [&str; 2] = ["/a", "/b"];
const LANGUAGES: [&str; 2] = ["de", "en"];

#[derive(Clone, Debug)]
enum Happens {
    /// Somebody asks for this path in this language.
    Asks(usize, usize),
    /// One of the clients leaves.
    Leaves(prop::sample::Index),
    /// One of the calls that wait comes to this.
    Answers(prop::sample::Index, Comes),
    /// Something is written to this path.
    Writes(usize),
    /// All go as far as they get.
    Settles,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    ForAll,
    ForOne,
    Error,
    Panic,
    BrokenBody,
}

fn happens() -> impl Strategy<Value = Happens> {
    let comes = prop_oneof![
        4 => Just(Comes::ForAll),
        1 => Just(Comes::ForOne),
        1 => Just(Comes::Error),
        1 => Just(Comes::Panic),
        1 => Just(Comes::BrokenBody),
    ];
    prop_oneof![
        6 => (0..2_usize, 0..2_usize).prop_map(|(path, language)| Happens::Asks(path, language)),
        3 => any::<prop::sample::Index>().prop_map(Happens::Leaves),
        4 => (any::<prop::sample::Index>(), comes).prop_map(|(call, comes)| Happens::Answers(call, comes)),
        1 => (0..2_usize).prop_map(Happens::Writes),
        5 => Just(Happens::Settles),
    ]
}

/// A call that waits to be told what it comes to.
#[derive(Clone)]
struct Waiting {
    gate: Gate,
    comes: Arc<Mutex<Option<Comes>>>,
    kind: (String, String, usize),
    /// Whether it was told.
    told: Arc<AtomicBool>,
    /// Gone with the call.
    call: Weak<()>,
}

impl Waiting {
    fn waits(&self) -> bool {
        !self.told.load(SeqCst) && self.call.strong_count() > 0
    }
}

struct Client {
    path: &'static str,
    language: &'static str,
    /// How many writes to its path had ended when it asked.
    writes: usize,
    task: crate::world::Client,
}

async fn run(steps: Vec<Happens>) {
    let waiting: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let writes: Arc<[AtomicUsize; 2]> = Arc::default();
    let (calls, written) = (Arc::clone(&waiting), Arc::clone(&writes));
    let world = World::new(
        // A refusal is forgotten at once, so that all that can be shared is.
        |layer| layer.pass_for(std::time::Duration::ZERO),
        move |request, call| {
            if !request.method().is_safe() {
                return Play::answer([]);
            }
            let path = request.uri().path().to_owned();
            let language = request.headers()["accept-language"].to_str().unwrap().to_owned();
            let at = PATHS.iter().position(|one| *one == path).unwrap();
            let writes = written[at].load(SeqCst);
            let lives = Arc::new(());
            let waits = Waiting {
                gate: Gate::default(),
                comes: Arc::default(),
                kind: (path.clone(), language.clone(), writes),
                told: Arc::default(),
                call: Arc::downgrade(&lives),
            };
            calls.lock().unwrap().push(waits.clone());
            let text = data(format!("{path} {language} {writes} {call}"));
            let mut play = Play::answer([text]).after([Step::Wait(waits.gate.clone())]);
            play.decide = Some(Box::new(move |play| {
                let _ends = lives;
                match waits.comes.lock().unwrap().take() {
                    Some(Comes::ForOne) => play.field("cache-control", "private"),
                    Some(Comes::Error) => Play::failure(),
                    Some(Comes::Panic) => panic!("as the play has it"),
                    Some(Comes::BrokenBody) => {
                        Play::answer([data("broken"), Step::Pause, Step::Error, Step::Pause])
                    }
                    Some(Comes::ForAll) | None => play,
                }
            }));
            play
        },
    );
    let mut clients: Vec<Client> = Vec::new();
    let mut bad = 0;
    for step in steps {
        match step {
            Happens::Asks(path, language) => {
                let (at, path, language) = (path, PATHS[path], LANGUAGES[language]);
                let request = Request::get(path).header("accept-language", language);
                let task = world.spawn(request.body(()).unwrap());
                // It has asked before anything else happens.
                tokio::task::yield_now().await;
                clients.push(Client { path, language, writes: writes[at].load(SeqCst), task });
            }
            Happens::Leaves(which) if !clients.is_empty() => {
                let client = clients.swap_remove(which.index(clients.len()));
                client.task.abort();
            }
            Happens::Answers(which, comes) => {
                let open: Vec<Waiting> =
                    waiting.lock().unwrap().iter().filter(|call| call.waits()).cloned().collect();
                if !open.is_empty() {
                    let call = &open[which.index(open.len())];
                    *call.comes.lock().unwrap() = Some(comes);
                    call.told.store(true, SeqCst);
                    bad += usize::from(comes != Comes::ForAll);
                    call.gate.open();
                }
            }
            Happens::Writes(path) => {
                let write = Request::builder().method(Method::PUT).uri(PATHS[path]);
                world.send(write.body(()).unwrap()).await.unwrap();
                writes[path].fetch_add(1, SeqCst);
            }
            Happens::Leaves(_) => {}
            Happens::Settles => {
                settle().await;
                assert!(bad > 0 || calls_are_minimal(&waiting.lock().unwrap()));
            }
        }
    }
    // Whatever is called from now on is answered.
    for _ in 0..clients.len() + 2 {
        settle().await;
        waiting.lock().unwrap().iter().for_each(|call| call.gate.open());
    }
    for client in clients {
        let answer = client.task.await;
        // Only failures end a request otherwise.
        let Ok(Ok(got)) = answer else {
            assert!(bad > 0);
            continue;
        };
        if got.status() == 502 || got.text == "broken" || got.broken.is_some() {
            assert!(bad > 0);
            continue;
        }
        let words: Vec<&str> = got.text.split(' ').collect();
        assert_eq!(words[..2], [client.path, client.language], "it is the answer to its request");
        let seen: usize = words[2].parse().unwrap();
        assert!(seen >= client.writes, "a write that had ended is seen");
    }
    world.is_at_rest().await;
}

/// Whether there is one call at most for each kind of request. It is, as long as nothing fails and all is for all: whoever
/// leaves changes nothing.
fn calls_are_minimal(waiting: &[Waiting]) -> bool {
    let mut kinds = HashSet::new();
    waiting.iter().filter(|call| call.waits()).all(|call| kinds.insert(&call.kind))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn everybody_gets_an_answer_to_their_own_request(
        steps in prop::collection::vec(happens(), 1..60),
        // Then every call is as good as the next, and there must be no more than need be.
        is_calm in any::<bool>(),
    ) {
        let calm = |step| match step {
            Happens::Answers(call, _) if is_calm => Happens::Answers(call, Comes::ForAll),
            step => step,
        };
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(run(steps.into_iter().map(calm).collect()));
    }
}
