use std::{
    convert::Infallible,
    fs,
    future::ready,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    Weir,
    clock::{Clock, ManualClock},
    profile::Profile,
    stack::Builder,
};

/// With nothing of the process, and a clock that is moved by hand.
pub(crate) fn builder() -> (Builder, ManualClock) {
    let (clock, hand) = Clock::manual();
    let profile = Profile::new().clock(clock.clone());
    let builder = Weir::builder().environment([("", ""); 0]).profile(profile).clock(clock);
    (builder, hand)
}

pub(crate) fn weir(text: &str) -> Weir {
    builder().0.text(text).build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// Answers with how often it was called before.
pub(crate) fn counting(weir: &Weir) -> impl Ask + use<> {
    let calls = Arc::new(AtomicU32::new(0));
    weir.layer().layer(service_fn(move |request: Request<Full<Bytes>>| {
        let fails = request.headers().contains_key("x-fail");
        let body = calls.fetch_add(1, Ordering::SeqCst).to_string();
        let mut response = Response::new(Full::<Bytes>::from(body));
        if fails {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        ready(Ok::<_, Infallible>(response))
    }))
}

/// Asks a clone of a service.
pub(crate) trait Ask {
    async fn ask(&self, request: Request<Full<Bytes>>) -> (StatusCode, String);

    async fn status(&self, request: Request<Full<Bytes>>) -> u16 {
        self.ask(request).await.0.as_u16()
    }
}

impl<S, B> Ask for S
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    async fn ask(&self, request: Request<Full<Bytes>>) -> (StatusCode, String) {
        let response = self.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "weir.test").body(Full::default()).unwrap()
}

pub(crate) fn with(
    mut request: Request<Full<Bytes>>,
    name: &'static str,
    value: &str,
) -> Request<Full<Bytes>> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub(crate) fn from(mut request: Request<Full<Bytes>>, peer: &str) -> Request<Full<Bytes>> {
    request.extensions_mut().insert(SocketAddr::new(peer.parse().unwrap(), 4_711));
    request
}

/// A file of its own for a test, gone with it.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-test-{}-{number}.toml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
