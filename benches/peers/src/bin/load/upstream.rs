//! What both proxies stand in front of: a small hyper server, in this process.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};

/// What it may be asked for.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) bytes: usize,
    /// Whether it may be stored.
    pub(crate) cacheable: bool,
}

const SMALL: usize = 1 << 10;
const LARGE: usize = 64 << 10;

pub(crate) const PAGES: [Page; 4] = [
    Page { name: "hits, 1 KiB", path: "/pages/small", bytes: SMALL, cacheable: true },
    Page { name: "hits, 64 KiB", path: "/pages/large", bytes: LARGE, cacheable: true },
    Page { name: "passed on, 1 KiB", path: "/live/small", bytes: SMALL, cacheable: false },
    Page { name: "passed on, 64 KiB", path: "/live/large", bytes: LARGE, cacheable: false },
];

/// Ends when it is dropped.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    /// How often each page was asked for.
    asked: Arc<[AtomicU64; PAGES.len()]>,
    _runtime: Runtime,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads can be started");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let asked: Arc<[AtomicU64; PAGES.len()]> = Arc::default();
        runtime.spawn(serve(listener, Arc::clone(&asked)));
        Self { port, asked, _runtime: runtime }
    }

    /// How often a page was asked for.
    pub(crate) fn asked(&self, page: Page) -> u64 {
        let at = PAGES.iter().position(|other| other.path == page.path);
        at.map_or(0, |at| self.asked[at].load(Ordering::Relaxed))
    }
}

async fn serve(listener: TcpListener, asked: Arc<[AtomicU64; PAGES.len()]>) {
    let bodies = PAGES.map(|page| Bytes::from(vec![b'x'; page.bytes]));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (asked, bodies) = (Arc::clone(&asked), bodies.clone());
        let service = service_fn(move |request| {
            std::future::ready(Ok::<_, Infallible>(answer(&request, &*asked, &bodies)))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(
    request: &Request<Incoming>,
    asked: &[AtomicU64],
    bodies: &[Bytes],
) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let Some(at) = PAGES.iter().position(|page| page.path == path) else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    asked[at].fetch_add(1, Ordering::Relaxed);
    let mut response = Response::new(Full::new(bodies[at].clone()));
    let control = if PAGES[at].cacheable { "public, max-age=3600" } else { "no-store" };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
