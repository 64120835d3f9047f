//! What operators see, on a listener of its own.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::sleep};
use tower::ServiceExt;
use tower_weir::{
    stack::{Handle, Reloaded},
    telemetry::prometheus::Prometheus,
};

/// How many may look at once.
const MOST_CONNECTIONS: usize = 64;
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

const INDEX: &str = "\
/metrics      for Prometheus
/profile      how long requests take, by route; as JSON if asked for by Accept: application/json
/config       what is in force for each route
/healthz      whether it runs
/readyz       whether it takes requests: not while it ends
POST /reload  read the file again
";

#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) handle: Handle,
    pub(crate) prometheus: Option<Prometheus>,
    /// Whether the proxy is about to end.
    pub(crate) ending: Arc<AtomicBool>,
}

/// Serves as long as it is not dropped.
pub(crate) async fn serve(listener: TcpListener, admin: Admin) {
    let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let admin = admin.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| admin.clone().answer(request));
            let mut builder = Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

impl Admin {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        if path == "/reload" {
            return Ok(self.reload(&request));
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(only("GET, HEAD"));
        }
        Ok(match (path.as_str(), &self.prometheus) {
            ("/", _) => text(StatusCode::OK, INDEX),
            ("/metrics", Some(prometheus)) => {
                prometheus.service().oneshot(request).await?.map(Full::from)
            }
            ("/profile", _) => self.handle.profile().page().oneshot(request).await?,
            ("/config", _) => text(StatusCode::OK, format!("{}\n", self.handle.overview())),
            ("/healthz", _) => text(StatusCode::OK, "ok\n"),
            ("/readyz", _) if self.ending.load(Ordering::Relaxed) => {
                text(StatusCode::SERVICE_UNAVAILABLE, "ending\n")
            }
            ("/readyz", _) => text(StatusCode::OK, "ok\n"),
            _ => text(StatusCode::NOT_FOUND, INDEX),
        })
    }

    fn reload<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            return only("POST");
        }
        if request.headers().contains_key(ORIGIN) {
            // A page that an operator looks at could send it behind his back.
            return text(StatusCode::FORBIDDEN, "not from a browser\n");
        }
        match self.handle.reload() {
            Ok(changed) => text(StatusCode::OK, told(&changed)),
            Err(errors) => text(StatusCode::UNPROCESSABLE_ENTITY, format!("{errors}\n")),
        }
    }
}

/// What a reload changed, in lines.
fn told(reloaded: &Reloaded) -> String {
    let changes = reloaded.changes().iter().cloned();
    let later = reloaded.at_next_start().iter().map(|what| format!("at the next start: {what}"));
    let warnings = (!reloaded.warnings().is_empty()).then(|| reloaded.warnings().to_string());
    let lines: Vec<_> = changes.chain(later).chain(warnings).collect();
    if lines.is_empty() { "nothing has changed\n".to_owned() } else { lines.join("\n") + "\n" }
}

fn only(methods: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {methods}\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
