//! A simulated client: what it asks for, how often, and whether it heeds a refusal.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{
    Method, Request, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower_weir::{
    clock::{Clock, Timestamp},
    error::BoxError,
};

use crate::{articles::ARTICLES, feeds::TOPICS};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Search,
    Login,
    Report,
    Feed,
    TopicFeed,
    Article,
}

impl Route {
    pub(crate) const ALL: [Self; 6] =
        [Self::Search, Self::Login, Self::Report, Self::Feed, Self::TopicFeed, Self::Article];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Search => "GET /search",
            Self::Login => "POST /login",
            Self::Report => "GET /report",
            Self::Feed => "GET /feed",
            Self::TopicFeed => "GET /feed/…",
            Self::Article => "GET /articles",
        }
    }

    fn request(self, base: &str, random: u64) -> http::request::Builder {
        let (method, path) = match self {
            Self::Search => {
                let words = ["weir", "dam", "water", "salmon", "gate"];
                let word = words[random as usize % words.len()];
                (Method::GET, format!("/search?q={word}"))
            }
            Self::Login => (Method::POST, "/login".to_owned()),
            Self::Report => (Method::GET, "/report".to_owned()),
            Self::Feed => (Method::GET, "/feed".to_owned()),
            Self::TopicFeed => {
                let topic = TOPICS[random as usize % TOPICS.len()];
                (Method::GET, format!("/feed/{topic}"))
            }
            Self::Article => {
                // Some are read far more often than others: the smallest of three draws.
                let draw = |shift: u32| (random >> shift) % u64::from(ARTICLES);
                let number = draw(0).min(draw(20)).min(draw(40)) + 1;
                (Method::GET, format!("/articles/{number}"))
            }
        };
        Request::builder().method(method).uri(format!("{base}{path}"))
    }
}

/// A kind of client.
pub(crate) struct Persona {
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    /// What it asks for, each as often as it is listed.
    pub(crate) mix: &'static [Route],
    /// The mean pause between two requests.
    pub(crate) pause: Duration,
    /// Whether it stays away from a route for as long as `Retry-After` says.
    pub(crate) polite: bool,
    /// Whether it tries passwords instead of knowing the right one.
    pub(crate) guesses: bool,
    pub(crate) api_key: Option<&'static str>,
}

/// What one request came to.
pub(crate) struct Sample {
    pub(crate) route: Route,
    /// `None` if there was no answer.
    pub(crate) status: Option<StatusCode>,
    pub(crate) latency: Duration,
}

impl Sample {
    pub(crate) fn limited(&self) -> bool {
        self.status == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    pub(crate) fn failed(&self) -> bool {
        self.status.is_none_or(|status| status.is_server_error())
    }
}

pub(crate) struct Client {
    persona: &'static Persona,
    base: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
    random: Random,
    clock: Clock,
    /// Until when it stays away from each of [`Route::ALL`].
    away: [Timestamp; Route::ALL.len()],
}

impl Client {
    /// The `number`th client of all; each has an address and a sequence of requests of its own.
    pub(crate) fn new(persona: &'static Persona, number: u8, server: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(own_address(server, number));
        connector.set_nodelay(true);
        Self {
            persona,
            base: format!("http://{server}"),
            http: HttpClient::builder(TokioExecutor::new()).build(connector),
            random: Random(u64::from(number)),
            clock: Clock::system(),
            away: [Timestamp::default(); Route::ALL.len()],
        }
    }

    pub(crate) async fn pause(&mut self) {
        // From half the mean to one and a half, so that clients do not march in step.
        let share = (self.random.next() % 1_000) as f64 / 1_000.0 + 0.5;
        tokio::time::sleep(self.persona.pause.mul_f64(share)).await;
    }

    /// Sends a request; `None` if it heeds an earlier refusal instead.
    pub(crate) async fn step(&mut self) -> Option<Sample> {
        let mix = self.persona.mix;
        let route = mix[self.random.next() as usize % mix.len()];
        let start = self.clock.now();
        if self.away[route as usize] > start {
            return None;
        }
        let answer = self.send(route).await.ok();
        let end = self.clock.now();
        if let Some((_, Some(wait))) = answer
            && self.persona.polite
        {
            self.away[route as usize] =
                Timestamp::from_nanos(end.as_nanos() + wait.as_nanos() as u64);
        }
        let status = answer.map(|(status, _)| status);
        Some(Sample { route, status, latency: end.saturating_since(start) })
    }

    /// The status and `Retry-After` of the answer, after all of its body has arrived.
    async fn send(&mut self, route: Route) -> Result<(StatusCode, Option<Duration>), BoxError> {
        let mut request = route.request(&self.base, self.random.next());
        if let Some(key) = self.persona.api_key {
            request = request.header("x-api-key", key);
        }
        let body = match route {
            Route::Login => {
                request = request.header(CONTENT_TYPE, "application/json");
                let guess = self.random.next() % 10_000;
                let password =
                    if self.persona.guesses { guess.to_string() } else { "notes".to_owned() };
                Bytes::from(format!(r#"{{"user":"ada","password":"{password}"}}"#))
            }
            _ => Bytes::new(),
        };
        let response = self.http.request(request.body(Full::new(body))?).await?;
        let (head, body) = response.into_parts();
        body.collect().await?;
        let wait =
            head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok((head.status, wait.map(Duration::from_secs)))
    }
}

/// An address of its own for each client, where the loopback network gives out more than one (on Linux all of
/// 127.0.0.0/8). Elsewhere the clients share one, and with it the limits by address.
fn own_address(server: SocketAddr, number: u8) -> Option<IpAddr> {
    let own = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + number));
    let on_loopback = server.ip().is_loopback() && server.is_ipv4();
    (on_loopback && std::net::TcpListener::bind((own, 0)).is_ok()).then_some(own)
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): the same traffic in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
