//! A server of HTTP and gRPC that fails while it is told to.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
};

use axum::{Router, routing::get};
use http::StatusCode;
use tokio::net::TcpListener;
use tonic::{Request, Status, service::Routes, service::interceptor::InterceptorLayer};

use crate::greeter::GreeterServer;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    mood: Arc<Mood>,
}

#[derive(Default)]
struct Mood {
    fails: AtomicBool,
    served: AtomicU32,
}

impl Mood {
    /// Counts a request, and tells whether it is to fail.
    fn fails(&self) -> bool {
        self.served.fetch_add(1, Relaxed);
        self.fails.load(Relaxed)
    }
}

impl Server {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let mood = Arc::<Mood>::default();
        let (of_http, of_grpc) = (Arc::clone(&mood), Arc::clone(&mood));
        let orders = get(async move || match of_http.fails() {
            true => (StatusCode::INTERNAL_SERVER_ERROR, "the database is gone"),
            false => (StatusCode::OK, "a parcel"),
        });
        let refuse = InterceptorLayer::new(move |request: Request<()>| match of_grpc.fails() {
            true => Err(Status::unavailable("the database is gone")),
            false => Ok(request),
        });
        let greeter = Routes::new(GreeterServer).into_axum_router().layer(refuse);
        let app = Router::new().route("/orders/{id}", orders).merge(greeter);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, mood })
    }

    pub(crate) fn set_failing(&self, fails: bool) {
        println!("{}", if fails { "the server fails" } else { "the server is well" });
        self.mood.fails.store(fails, Relaxed);
    }

    /// How many requests came to it.
    pub(crate) fn served(&self) -> u32 {
        self.mood.served.load(Relaxed)
    }
}
