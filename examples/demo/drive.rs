//! Mixed traffic over the real socket, for a while.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tower_weir::{
    cache::{self, RouteStats},
    clock::Clock,
};

use crate::{
    client::{Client, Persona, Route, Sample},
    guide::reachable,
};

use Route::{Article, Feed, Login, Report, Search, TopicFeed};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const PERSONAS: &[Persona] = &[
    Persona {
        name: "visitors",
        count: 4,
        mix: &[Search, Search, Search, Feed, Login],
        pause: millis(250),
        polite: true,
        guesses: false,
        api_key: Some("website"),
    },
    Persona {
        name: "dashboards",
        count: 2,
        mix: &[Report, Feed],
        pause: millis(100),
        polite: true,
        guesses: false,
        api_key: Some("dashboards"),
    },
    Persona {
        name: "readers of articles",
        count: 4,
        mix: &[Article],
        pause: millis(40),
        polite: true,
        guesses: false,
        api_key: None,
    },
    Persona {
        name: "readers of feeds by topic",
        count: 8,
        mix: &[TopicFeed],
        pause: millis(25),
        polite: true,
        guesses: false,
        api_key: None,
    },
    Persona {
        name: "scraper",
        count: 1,
        mix: &[Search, Search, Search, Search, Report],
        pause: millis(15),
        polite: false,
        guesses: false,
        api_key: None,
    },
    Persona {
        name: "password guesser",
        count: 1,
        mix: &[Login],
        pause: millis(50),
        polite: false,
        guesses: true,
        api_key: None,
    },
    Persona {
        name: "feed readers without a key",
        count: 2,
        mix: &[Feed],
        pause: millis(120),
        polite: false,
        guesses: false,
        api_key: None,
    },
];

/// What a run came to.
pub(crate) struct Driven {
    pub(crate) took: Duration,
    /// By persona.
    pub(crate) samples: Vec<(&'static Persona, Vec<Sample>)>,
    /// What the cache of articles had done at the beginning and after each second.
    pub(crate) cached: Vec<RouteStats>,
}

#[derive(Default)]
struct Progress {
    requests: AtomicUsize,
    limited: AtomicUsize,
}

/// Sends traffic to `server` for `duration` or until `interrupted`.
///
/// Each client has one request under way at most, so there are never more of them than clients.
pub(crate) async fn drive(
    server: SocketAddr,
    duration: Duration,
    cache: &cache::Handle,
    interrupted: impl Future<Output = ()>,
) -> Driven {
    let progress = Arc::new(Progress::default());
    let (stop, stopped) = watch::channel(());
    let mut clients = JoinSet::new();
    let personas = PERSONAS.iter().enumerate();
    let personas =
        personas.flat_map(|(at, persona)| std::iter::repeat_n((at, persona), persona.count));
    for (number, (at, persona)) in (0..).zip(personas) {
        let client = Client::new(persona, number, reachable(server));
        let (progress, stopped) = (Arc::clone(&progress), stopped.clone());
        clients.spawn(async move { (at, run(client, &progress, stopped).await) });
    }

    let clock = Clock::system();
    let start = clock.now();
    let mut cached = Vec::new();
    tokio::select! {
        () = show(&progress, duration, || cached.push(cache.stats().total)) => {}
        () = interrupted => {}
    }
    let took = clock.now().saturating_since(start);
    drop(stop);

    let mut samples: Vec<_> = PERSONAS.iter().map(|persona| (persona, Vec::new())).collect();
    while let Some(client) = clients.join_next().await {
        // A client that panicked has printed why, and has no samples to add.
        if let Ok((at, of_client)) = client {
            samples[at].1.extend(of_client);
        }
    }
    Driven { took, samples, cached }
}

async fn run(
    mut client: Client,
    progress: &Progress,
    mut stopped: watch::Receiver<()>,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    loop {
        // What is under way comes to its end, so that client and server count the same.
        tokio::select! {
            _ = stopped.changed() => return samples,
            () = client.pause() => {}
        }
        let Some(sample) = client.step().await else { continue };
        progress.requests.fetch_add(1, Ordering::Relaxed);
        progress.limited.fetch_add(usize::from(sample.limited()), Ordering::Relaxed);
        samples.push(sample);
    }
}

/// Shows each second how it goes, in one line that is written over, if somebody watches, and calls `each_second`. Ends after
/// `duration`.
async fn show(progress: &Progress, duration: Duration, mut each_second: impl FnMut()) {
    let mut stderr = std::io::stderr();
    let watched = stderr.is_terminal();
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let show = async {
        for second in 0.. {
            seconds.tick().await;
            each_second();
            let requests = progress.requests.load(Ordering::Relaxed);
            let limited = progress.limited.load(Ordering::Relaxed);
            let total = duration.as_secs();
            if watched {
                let _ = write!(
                    stderr,
                    "\r{second} of {total} s: {requests} requests, {limited} limited "
                );
            }
        }
    };
    let _ = tokio::time::timeout(duration, show).await;
    if watched {
        // Clears the line, for the report comes next.
        let _ = write!(std::io::stderr(), "\r{:60}\r", "");
    }
}
