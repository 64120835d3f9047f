//! A weir of a few words, and a service in it.

use std::{
    convert::Infallible,
    future::ready,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt, service_fn};
use tower_layer::Layer;

use crate::{
    clock::{Clock, ManualClock},
    profile::Profile,
    rate_limit::Quota,
    stack::{
        ConfigErrors, Weir,
        file::{Reading, Source},
        running::{
            key::NamedKeys,
            live::Live,
            parts::Parts,
            source::{From, Text},
        },
        settings::{
            Cache, CircuitBreaker, Concurrency, Limit, Profile as Profiled, RateLimit, Route,
            Scope, Section, Settings, Window,
        },
    },
};

/// Settings of lines: `rate 5` (an hour), `concurrency 2`, `cache`, `breaker`, `profile` for the defaults; the same after
/// `/path` for a route, `watch 100` (ms) or `watch off`.
pub(super) fn read(source: &Source) -> Result<Reading, ConfigErrors> {
    let mut settings = Settings::default();
    for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let known = match &*words {
            ["watch", "off"] => {
                settings.watch = None;
                true
            }
            ["watch", millis] => {
                settings.watch = millis.parse().ok().map(Duration::from_millis);
                true
            }
            [path, rest @ ..] if path.starts_with('/') => route(&mut settings, path, rest),
            words => section(&mut settings.defaults, words).is_some(),
        };
        if !known {
            return Err(ConfigErrors::new(vec![crate::stack::file::Problem::error(
                &crate::stack::file::Place::new(
                    &std::sync::Arc::new(crate::stack::file::Origin::File {
                        path: source.name.clone(),
                        text: source.text.clone(),
                    }),
                    0..0,
                ),
                format!("unknown: {line}"),
            )]));
        }
    }
    for route in &mut settings.routes {
        for section in Section::ALL.into_iter().filter(|it| !route.own.contains(it)) {
            inherit(section, &settings.defaults, &mut route.scope);
        }
    }
    Ok(Reading::unwritten(settings))
}

fn inherit(section: Section, from: &Scope, to: &mut Scope) {
    match section {
        Section::Profile => to.profile.clone_from(&from.profile),
        Section::RateLimit => to.rate_limit.clone_from(&from.rate_limit),
        Section::Cache => to.cache.clone_from(&from.cache),
        Section::Coalesce => to.coalesce.clone_from(&from.coalesce),
        Section::Concurrency => to.concurrency.clone_from(&from.concurrency),
        Section::CircuitBreaker => to.circuit_breaker.clone_from(&from.circuit_breaker),
    }
}

fn route(settings: &mut Settings, path: &str, words: &[&str]) -> bool {
    let mut scope = Scope::default();
    let Some(own) = section(&mut scope, words) else { return false };
    let (name, path) = (path.to_owned(), path.to_owned());
    settings.routes.push(Route { name, path, methods: Vec::new(), scope, own: vec![own] });
    true
}

fn section(scope: &mut Scope, words: &[&str]) -> Option<Section> {
    match words {
        ["rate", per_hour, more @ ..] => {
            let quota = Quota::try_new(per_hour.parse().ok()?, Duration::from_secs(3600)).ok()?;
            let headers = match more {
                ["silent"] => crate::stack::settings::Fields::None,
                _ => crate::stack::settings::Fields::Standard,
            };
            let policies = vec![quota.into()];
            scope.rate_limit = Some(RateLimit { policies, headers, ..RateLimit::default() });
            Some(Section::RateLimit)
        }
        ["concurrency", limit, queue @ ..] => {
            let limit = Limit::Fixed(limit.parse().ok()?);
            let max_queue = Some(queue.first().map_or(Some(0), |queue| queue.parse().ok())?);
            let max_wait = Duration::from_secs(10);
            let chosen = Concurrency { limit, max_queue, max_wait, ..Concurrency::default() };
            scope.concurrency = Some(chosen);
            Some(Section::Concurrency)
        }
        ["breaker", minimum] => {
            let (window, minimum) = (Window::Calls(10), minimum.parse().ok()?);
            let breaker = CircuitBreaker { window, minimum, ..CircuitBreaker::default() };
            scope.circuit_breaker = Some(breaker);
            Some(Section::CircuitBreaker)
        }
        ["cache", seconds] => {
            let ttl = Some(Duration::from_secs(seconds.parse().ok()?));
            scope.cache = Some(Cache { ttl, ..Cache::default() });
            Some(Section::Cache)
        }
        ["profile"] => {
            scope.profile = Some(Profiled::default());
            Some(Section::Profile)
        }
        _ => None,
    }
}

/// A weir with a clock that is moved by hand.
pub(super) fn weir(text: Text) -> (Weir, ManualClock) {
    let (clock, hand) = Clock::manual();
    let parts = Parts { keys: NamedKeys::new(), profile: Profile::new(), clock };
    let from = From { text, environment: Vec::new(), keys: Vec::new() };
    (Weir::new(Live::start(parts, from, read).unwrap()), hand)
}

/// A service that says how often it was called.
pub(super) fn counting(weir: &Weir) -> impl Ask + use<> {
    let calls = Arc::new(AtomicU32::new(0));
    weir.layer().layer(service_fn(move |_: Request<Full<Bytes>>| {
        let body = calls.fetch_add(1, Ordering::SeqCst).to_string();
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(body))))
    }))
}

/// A service that answers as often as `doors` has permits, and keeps what it was asked before.
pub(super) fn held(weir: &Weir, doors: &Arc<Semaphore>) -> impl Ask + use<> {
    let doors = Arc::clone(doors);
    weir.layer().layer(service_fn(move |_: Request<Full<Bytes>>| {
        let doors = Arc::clone(&doors);
        async move {
            doors.acquire().await.unwrap().forget();
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    }))
}

/// A service that fails.
pub(super) fn failing(weir: &Weir) -> impl Ask + use<> {
    weir.layer().layer(service_fn(|_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        ready(Ok::<_, Infallible>(response))
    }))
}

/// Whatever answers, or holds the answer back.
pub(super) trait Ask: Clone + Send + 'static {
    fn status(&self, path: &str) -> impl Future<Output = StatusCode> + Send + 'static;
    fn text(&self, path: &str) -> impl Future<Output = String> + Send + 'static;
}

impl<S, B> Ask for S
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: std::fmt::Debug,
{
    fn status(&self, path: &str) -> impl Future<Output = StatusCode> + Send + 'static {
        let response = self.clone().oneshot(request(path));
        async { response.await.unwrap().status() }
    }

    fn text(&self, path: &str) -> impl Future<Output = String> + Send + 'static {
        let response = self.clone().oneshot(request(path));
        async {
            let body = response.await.unwrap().into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(body.into()).unwrap()
        }
    }
}

pub(super) fn request(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "weir.test").body(Full::default()).unwrap()
}

/// A folder of its own for a test, gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("weir-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn file(path: &Path) -> Text {
    Text::File(path.to_owned())
}
