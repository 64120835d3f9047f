//! Far more requests than the slow route can answer, from clients that do not wait for each other.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use tower_weir::{clock::Clock, concurrency::Handle, error::BoxError};

use crate::{
    app::{PARTNER, X_API_KEY},
    guide::reachable,
    reports,
};

/// Small reports, so that a few seconds are enough to find out what the database can bear.
pub(crate) const DAYS: u32 = 6;
/// As a multiple of what the connections can do.
pub(crate) const TIMES: u32 = 3;
/// An answer that comes later is no good to anybody,
pub(crate) const OBJECTIVE: Duration = Duration::from_millis(150);
/// and nobody waits for it any longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// Each of the two runs lasts at least so long,
pub(crate) const SHORTEST: Duration = Duration::from_secs(3);
/// and at most so long.
pub(crate) const LONGEST: Duration = Duration::from_secs(6);
/// HTTP/2, each with room for 200 requests at a time: clients can give up a request without the rest of a connection.
const SOCKETS: usize = 4;

type HttpClient = Client<HttpConnector, Empty<Bytes>>;

/// What one request came to.
pub(crate) struct Outcome {
    /// The second of the run in which it was to be sent.
    pub(crate) second: usize,
    /// The status, and how long it took; nothing if the client gave up.
    pub(crate) answer: Option<(StatusCode, Duration)>,
}

impl Outcome {
    /// Whether it is a report in time.
    pub(crate) fn is_good(&self) -> bool {
        self.answer.is_some_and(|(status, took)| status == StatusCode::OK && took <= OBJECTIVE)
    }
}

/// The requests of a run.
pub(crate) struct Run {
    pub(crate) took: Duration,
    pub(crate) outcomes: Vec<Outcome>,
    /// How many may be under way in the end.
    pub(crate) limit: usize,
}

pub(crate) struct Overload {
    pub(crate) without: Run,
    pub(crate) with: Run,
}

/// Asks `server` for more reports than it can make: first its concurrency limit only watches, then it holds. Nothing if it is
/// `interrupted`.
pub(crate) async fn overload(
    server: SocketAddr,
    duration: Duration,
    handle: &Handle,
    interrupted: impl Future<Output = ()>,
) -> Option<Overload> {
    let both = async {
        handle.set_shadow(true);
        let without = run(server, duration, handle).await;
        handle.set_shadow(false);
        Overload { without, with: run(server, duration, handle).await }
    };
    tokio::select! {
        both = both => Some(both),
        () = interrupted => None,
    }
}

async fn run(server: SocketAddr, duration: Duration, handle: &Handle) -> Run {
    let http = (0..SOCKETS).map(|_| connect()).collect::<Vec<_>>();
    let url = format!("http://{}/report?days={DAYS}", reachable(server));
    let rate = f64::from(TIMES) * reports::capacity(DAYS);
    let period = Duration::from_secs_f64(1.0 / rate);
    let mut ticks = interval(period);
    // However late the ticks come, none is left out.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    let clock = Clock::system();
    let start = clock.now();
    for number in 0..(duration.as_secs_f64() * rate) as u32 {
        ticks.tick().await;
        // From when it should have been sent: a delay of this program must not make the service look fast.
        let since_start = period * number;
        let due = start.saturating_add(since_start);
        let answer = ask(http[number as usize % SOCKETS].clone(), url.clone());
        let clock = clock.clone();
        requests.spawn(async move {
            let status = timeout(PATIENCE, answer).await.ok().and_then(Result::ok);
            let took = clock.now().saturating_since(due);
            let second = since_start.as_secs() as usize;
            Outcome { second, answer: status.map(|status| (status, took)) }
        });
    }
    let took = clock.now().saturating_since(start);
    let limit = handle.limiters().map(|limiter| limiter.limit()).sum();
    Run { took, outcomes: requests.join_all().await, limit }
}

fn connect() -> HttpClient {
    Client::builder(TokioExecutor::new()).http2_only(true).build(HttpConnector::new())
}

async fn ask(client: HttpClient, url: String) -> Result<StatusCode, BoxError> {
    let request = Request::get(url).header(X_API_KEY, PARTNER).body(Empty::new())?;
    let (head, body) = client.request(request).await?.into_parts();
    body.collect().await?;
    Ok(head.status)
}
