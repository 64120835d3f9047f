//! Limits on a tonic service: one for a method, one for the rest of its service, one for everything else.
//!
//! ```sh
//! cargo run --example tonic --features tonic
//! ```
//!
//! Server and client are in this one program; it ends by itself. Expect, for each method, the calls that pass and then the
//! refusal, which is `RESOURCE_EXHAUSTED` with everything that gRPC clients know how to read:
//!
//! ```text
//! SayHello
//!   1: Hello, Ada!
//!   2: Hello, Ada!
//!   3: RESOURCE_EXHAUSTED "too many requests"
//!      retry in 497ms, quota exceeded: greetings, grpc-retry-pushback-ms: 497
//!   after that time: Hello, Ada!
//! ```
//!
//! The layer is the one that axum and hyper take. It decides before the request is decoded. Around it stands another, which
//! measures how long calls take, refused ones included: what it counted is printed at the end.

#[path = "support/greeter.rs"]
mod greeter;

use std::{error::Error, time::Duration};

use greeter::{GreeterClient, GreeterServer, HelloReply, SERVICE};
use tokio::net::TcpListener;
use tonic::{
    Code, Response, Status,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_types::StatusExt;
use tower_weir::{
    key::PeerIp,
    profile::{Profile, ProfileLayer},
    rate_limit::{Policy, Quota, RateLimitLayer, Rule},
    route::RouteTable,
};

const GREETINGS: Policy = Policy::new("greetings", Quota::per_second(2));
const STREAMS: Policy = Policy::new("streams", Quota::per_minute(60).burst(1));
const REST: Quota = Quota::per_second(4);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let limits = RateLimitLayer::new(Quota::per_second(50)).key(PeerIp).routes(
        RouteTable::new()
            .rpc(SERVICE, "SayHello", GREETINGS)
            .rpc(SERVICE, "SayHellos", STREAMS)
            // All other methods of the service share this one.
            .service(SERVICE, Rule::new(REST).named("greeter")),
    );

    let profile = Profile::new();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(
        Server::builder()
            .layer(ProfileLayer::new(profile.clone()))
            .layer(limits)
            .add_service(GreeterServer)
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    let client = GreeterClient::new(channel);

    until_refused("SayHello", || async { client.clone().say_hello("Ada").await.map(message) })
        .await?;
    until_refused("SayGoodbye", || async { client.clone().say_goodbye("Ada").await.map(message) })
        .await?;
    until_refused("SayHellos", || async {
        let mut replies = client.clone().say_hellos("Ada").await?.into_inner();
        let mut count = 0;
        while replies.message().await?.is_some() {
            count += 1;
        }
        Ok(format!("a stream of {count} replies"))
    })
    .await?;
    println!("\n{profile}");
    Ok(())
}

fn message(reply: Response<HelloReply>) -> String {
    reply.into_inner().message
}

/// Calls until a call is refused, then once more after the delay that the refusal asks for.
async fn until_refused(
    method: &str,
    call: impl AsyncFn() -> Result<String, Status>,
) -> Result<(), Box<dyn Error>> {
    println!("{method}");
    for number in 1..=20 {
        let status = match call().await {
            Ok(reply) => {
                println!("  {number}: {reply}");
                continue;
            }
            Err(status) if status.code() == Code::ResourceExhausted => status,
            Err(status) => return Err(status.into()),
        };
        println!("  {number}: RESOURCE_EXHAUSTED {:?}", status.message());
        let delay = explain(&status);
        tokio::time::sleep(delay).await;
        println!("  after that time: {}", call().await?);
        return Ok(());
    }
    Err(format!("{method} was never refused").into())
}

/// Prints what a refusal carries, and tells when to come back.
fn explain(status: &Status) -> Duration {
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    let delay = delay.unwrap_or_default();
    let violations = status.get_details_quota_failure().map(|failure| failure.violations);
    let policies: Vec<_> =
        violations.into_iter().flatten().map(|violation| violation.subject).collect();
    let pushback = status.metadata().get("grpc-retry-pushback-ms");
    println!(
        "     retry in {}ms, quota exceeded: {}, grpc-retry-pushback-ms: {}",
        delay.as_nanos().div_ceil(1_000_000),
        policies.join(", "),
        pushback.and_then(|value| value.to_str().ok()).unwrap_or("missing"),
    );
    delay
}
