//! The weir that stands in between: all that the proxy uses of `tower_weir::stack`.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    io::IsTerminal,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::Incoming;
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    cache::{
        CacheLayer, Fingerprint, MemoryStore,
        rules::{CookieResponses, Grace, Heuristic, RequestDirectives},
    },
    error::BoxError,
    profile::Profile,
};

/// Whether what is told may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Yes,
    No,
}

impl Colour {
    pub(crate) fn of_stderr() -> Self {
        if std::io::stderr().is_terminal() { Self::Yes } else { Self::No }
    }
}

pub(crate) struct Weir(Handle);

impl Weir {
    pub(crate) fn open(path: &Path, _: Colour) -> Result<Self, String> {
        let handle = Handle { path: path.into(), live: Arc::default(), profile: Profile::new() };
        handle.reload()?;
        Ok(Self(handle))
    }

    pub(crate) fn layer(&self) -> WeirLayer {
        WeirLayer(Arc::clone(&self.0.live))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0.clone()
    }
}

#[derive(Clone)]
pub(crate) struct Handle {
    path: PathBuf,
    live: Arc<ArcSwapOption<CacheLayer>>,
    profile: Profile,
}

impl Handle {
    pub(crate) fn reload(&self) -> Result<String, String> {
        let cache = read(&self.path)?;
        self.live.store(cache.map(Arc::new));
        Ok("reloaded".to_owned())
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile.clone()
    }

    pub(crate) fn overview(&self) -> String {
        format!("{:?}\n", self.live.load())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

/// What a file comes to.
pub(crate) struct Checked(String);

pub(crate) fn check(path: &Path, _: Colour) -> Result<Checked, String> {
    read(path).map(|cache| Checked(format!("{cache:?}")))
}

impl Checked {
    pub(crate) fn table(&self) -> String {
        self.0.clone()
    }

    pub(crate) fn warnings(&self, _: Colour) -> Vec<String> {
        Vec::new()
    }

    pub(crate) fn explain(&self, method: &Method, path: &str) -> String {
        format!("{method} {path}: {}", self.0)
    }
}

// STUB from here on: a cache alone, by `[defaults.cache]`.

fn read(path: &Path) -> Result<Option<CacheLayer>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path:?}: {error}"))?;
    let file: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let section = |name: &str| file.get(name).and_then(toml::Value::as_table);
    let Some(cache) = section("defaults").and_then(|all| all.get("cache")?.as_table()) else {
        return Ok(None);
    };
    let time = |key: &str| -> Option<Duration> {
        humantime::parse_duration(cache.get(key)?.as_str()?).ok()
    };
    let is = |key: &str, value: &str| cache.get(key).and_then(toml::Value::as_str) == Some(value);
    let on = |key: &str| cache.get(key).and_then(toml::Value::as_bool);
    let vary = cache.get("vary").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let names = vary.iter().filter_map(|name| name.as_str()?.parse::<http::HeaderName>().ok());
    let fingerprint = names.fold(Fingerprint::builder(), |builder, name| builder.header(name));
    let size = cache.get("max_object_bytes").and_then(toml::Value::as_integer).unwrap_or(1 << 20);
    let mut layer = CacheLayer::new(MemoryStore::with_max_bytes(4 << 20))
        .fingerprint(fingerprint)
        .max_object_bytes(size as u64)
        .request_directives(if is("client_directives", "honour") {
            RequestDirectives::Honour
        } else {
            RequestDirectives::Ignore
        })
        .set_cookie(if is("set_cookie", "share") {
            CookieResponses::ShareCookies
        } else {
            CookieResponses::Refuse
        })
        .cache_status(on("cache_status").unwrap_or(true))
        .grace(Grace { if_error: time("stale_if_error").unwrap_or_default(), ..Grace::NONE });
    if on("heuristic").unwrap_or(false) {
        layer = layer.heuristic(Heuristic::new());
    }
    if let Some(ttl) = time("ttl") {
        layer = layer.default_ttl(ttl);
    }
    Ok(Some(layer))
}

#[derive(Clone)]
pub(crate) struct WeirLayer(Arc<ArcSwapOption<CacheLayer>>);

impl<S> Layer<S> for WeirLayer {
    type Service = WeirService<S>;

    fn layer(&self, inner: S) -> WeirService<S> {
        WeirService { inner, live: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(crate) struct WeirService<S> {
    inner: S,
    live: Arc<ArcSwapOption<CacheLayer>>,
}

type Answer = Result<Response<BoxBody<Bytes, BoxError>>, Infallible>;

impl<S> Service<Request<Incoming>> for WeirService<S>
where
    S: Service<
            Request<Incoming>,
            Response = Response<BoxBody<Bytes, BoxError>>,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + 'static,
{
    type Response = Response<BoxBody<Bytes, BoxError>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let inner = self.inner.clone();
        match self.live.load_full() {
            Some(cache) => {
                let answer = cache.layer(inner).oneshot(request);
                Box::pin(async { Ok(answer.await?.map(BodyExt::boxed)) })
            }
            None => Box::pin(inner.oneshot(request)),
        }
    }
}
