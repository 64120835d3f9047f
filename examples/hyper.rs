//! Limits on a plain hyper server, without a framework: path patterns by a table, and the peer's address passed on by hand.
//!
//! ```sh
//! cargo run --example hyper            # on 127.0.0.1:3002, or the address that follows `--`
//! ```
//!
//! ```sh
//! # five a second for each client on all paths below /items together
//! for i in $(seq 8); do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3002/items/$i; done; echo
//! # 200 200 200 200 200 429 429 429
//! curl -i http://127.0.0.1:3002/items/7
//! # HTTP/1.1 200 OK                                       (429 with Retry-After if it comes too soon)
//! # ratelimit-policy: "second";q=5;w=1
//! # ratelimit: "second";r=4;t=1
//!
//! # writing is dearer: two at once, and one more every half minute
//! for i in $(seq 3); do curl -i -X POST http://127.0.0.1:3002/items/7; done
//! # 200, 200, then 429 with retry-after: 30 and a problem document
//!
//! # what the table does not name is not limited
//! curl -i http://127.0.0.1:3002/
//!
//! # how long each route took, refusals included
//! curl http://127.0.0.1:3002/profile
//! ```

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_weir::{
    key::PeerIp,
    profile::{Profile, ProfileLayer},
    rate_limit::{Quota, RateLimitLayer},
    route::RouteTable,
};

async fn handle(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match request.uri().path() {
        "/" => (StatusCode::OK, "try /items/7\n".to_owned()),
        "/profile" => (StatusCode::OK, Profile::global().to_string()),
        path => match path.strip_prefix("/items/") {
            Some(id) => (StatusCode::OK, format!("{} item {id}\n", request.method())),
            None => (StatusCode::NOT_FOUND, "no such page\n".to_owned()),
        },
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let routes = RouteTable::new().route("/items/{id}", Quota::per_second(5)).method_route(
        Method::POST,
        "/items/{id}",
        Quota::per_minute(2),
    );
    let profiling = ProfileLayer::default().routes(routes.clone());
    let limits = RateLimitLayer::for_routes(routes).key(PeerIp);

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3002".to_owned());
    let listener =
        TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                // Such as too many open files: serving goes on when some are closed.
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        // A stack for each connection, which knows its peer; the limits are the layer's and so shared by all.
        let service = ServiceBuilder::new()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request
            })
            .layer(profiling.clone())
            .layer(limits.clone())
            .service_fn(handle);
        tokio::spawn(async move {
            let connection = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
                .await;
            if let Err(error) = connection {
                eprintln!("connection from {peer} failed: {error}");
            }
        });
    }
}
