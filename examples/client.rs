//! Clients that leave a server alone while it fails: hyper-util's, and a tonic channel.
//!
//! ```sh
//! cargo run --example client
//! ```
//!
//! The server is in this program too, and fails when it is told to. It ends by itself, after about five seconds. Expect, for
//! HTTP and then for gRPC, calls that fail until the circuit breaker opens, calls that are not sent while it is open, and, after
//! the time that they are told to wait, probes that close it:
//!
//! ```text
//! the server fails
//!   6: 500 Internal Server Error
//!   7: 500 Internal Server Error
//!   8: 500 Internal Server Error
//!   9: 500 Internal Server Error
//!      orders: closed -> open for 784ms, too many calls failed (5 of 10)
//!  10: 500 Internal Server Error
//!  11: not sent; retry after 1 s
//! ```
//!
//! A rejected request has not been sent, so it may be sent again, or elsewhere, whatever it does.

#[path = "support/greeter.rs"]
#[allow(dead_code)]
mod greeter;
#[path = "client/server.rs"]
mod server;

use std::{error::Error, time::Duration};

use bytes::Bytes;
use greeter::GreeterClient;
use http::{Request, Response, header::RETRY_AFTER};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use server::Server;
use tonic::{Status, transport::Channel};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_weir::{
    circuit_breaker::{Breaker, CircuitBreakerLayer, StateChange, Window},
    concurrency::{ConcurrencyLimitLayer, Fixed},
    error::ConfigError,
    reject::Rejected,
};

/// Opens when half of the last ten calls failed, for about a second at first, and closes when two of three probes succeed.
fn breaking(name: &'static str) -> Result<CircuitBreakerLayer, ConfigError> {
    let breaker = Breaker::new()
        .named(name)
        .window(Window::by_count(10, 5)?)
        .open_for(Duration::from_millis(800), Duration::from_secs(10))?
        .probes(2, 3)?;
    Ok(CircuitBreakerLayer::new(breaker).on_state_change(tell))
}

/// Eight calls at a time, however many are made. Outside of the breaker, so that what that turns away takes no place for long.
fn at_once(name: &'static str) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Fixed::new(8)).named(name)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start().await?;

    println!("== HTTP");
    let client = ServiceBuilder::new()
        .layer(at_once("orders"))
        .layer(breaking("orders")?)
        .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    let order = format!("http://{}/orders/7", server.address);
    scenario(&server, || get(client.clone(), &order)).await;

    let channel = Channel::from_shared(format!("http://{}", server.address))?.connect().await?;
    let channel = ServiceBuilder::new()
        .layer(at_once("greeter"))
        .layer(breaking("greeter")?)
        .service(channel);
    let greeter = GreeterClient::new(channel);
    println!("== gRPC");
    scenario(&server, || async {
        let called = greeter.clone().say_hello("Ada").await;
        called.map_or_else(|status| explain(&status), |reply| Told::of(reply.into_inner().message))
    })
    .await;
    println!("== gRPC, streams");
    scenario(&server, || async {
        let called = async {
            let mut replies = greeter.clone().say_hellos("Ada").await?.into_inner();
            let mut count = 0;
            while replies.message().await?.is_some() {
                count += 1;
            }
            Ok::<_, Status>(Told::of(format!("a stream of {count} replies")))
        };
        called.await.unwrap_or_else(|status| explain(&status))
    })
    .await;
    Ok(())
}

/// What became of a call, and if it was not sent, when to come back.
struct Told {
    text: String,
    retry_after: Option<Duration>,
}

impl Told {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), retry_after: None }
    }
}

/// The server is well, fails, and recovers.
async fn scenario(server: &Server, call: impl AsyncFn() -> Told) {
    let before = server.served();
    let mut number = 0;
    let mut calls = async |n| {
        let mut retry_after = None;
        for _ in 0..n {
            number += 1;
            let told = call().await;
            println!("{number:>3}: {}", told.text);
            retry_after = told.retry_after;
        }
        retry_after.unwrap_or_default()
    };
    server.set_failing(false);
    calls(5).await;
    server.set_failing(true);
    let wait = calls(8).await;
    println!("     {wait:?} later");
    tokio::time::sleep(wait).await;
    server.set_failing(false);
    calls(4).await;
    println!("{number} calls, of which the server saw {}\n", server.served() - before);
}

async fn get<S, B>(mut client: S, uri: &str) -> Told
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error: Error>,
    B: http_body::Body<Error: Error>,
{
    let request = match Request::get(uri).body(Empty::new()) {
        Ok(request) => request,
        Err(error) => return Told::of(error.to_string()),
    };
    let response = match client.ready().await {
        Ok(client) => client.call(request).await,
        Err(error) => Err(error),
    };
    let response = match response {
        Ok(response) if !Rejected::is_on(&response) => response,
        Ok(rejected) => {
            let seconds = rejected.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(1);
            let text = format!("not sent; retry after {seconds} s");
            return Told { text, retry_after: Some(Duration::from_secs(seconds)) };
        }
        Err(error) => return Told::of(error.to_string()),
    };
    let status = response.status();
    // Read to its end, so that the connection can be used again.
    match response.into_body().collect().await {
        Ok(_) => Told::of(status.to_string()),
        Err(error) => Told::of(format!("{status}, but {error}")),
    }
}

fn explain(status: &Status) -> Told {
    let text = format!("{:?}, {:?}", status.code(), status.message());
    let pushback = status.metadata().get("grpc-retry-pushback-ms");
    let millis = pushback.and_then(|value| value.to_str().ok()?.parse().ok());
    match millis.map(Duration::from_millis) {
        Some(wait) => {
            Told { text: format!("{text}; retry after {wait:?}"), retry_after: Some(wait) }
        }
        None => Told::of(text),
    }
}

fn tell(change: &StateChange<'_>) {
    let StateChange { breaker, from, to, cause, counts, .. } = *change;
    let open_for = change.open_for.map(|open_for| format!(" for {}ms", open_for.as_millis()));
    let counts = match counts.calls {
        0 => String::new(),
        calls => format!(" ({} of {calls})", counts.failures),
    };
    println!("     {breaker}: {from} -> {to}{}, {cause}{counts}", open_for.unwrap_or_default());
}
