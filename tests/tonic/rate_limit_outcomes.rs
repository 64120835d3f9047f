//! Limits that look at how calls end, in tonic, over a socket: statuses in heads and in trailers, and clients that leave.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use tonic::{
    Code, Status, Streaming,
    transport::{Channel, server::TcpIncoming},
};
use tower_weir::{
    clock::{Clock, ManualClock},
    key::PeerIp,
    rate_limit::{Adaptive, Aimd, Queue, Quota, RateLimitLayer, Served},
};

use crate::{
    calls::connect,
    client::{Server, listen},
    greeter::{GreeterClient, HelloReply},
    moods::Moods,
};

type Client = GreeterClient<Channel>;

/// A server with a layer of any kind, and its client.
macro_rules! serve {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let layer = $layer;
        let server = Server::spawn(async move {
            let server =
                tonic::transport::Server::builder().layer(layer).add_service(Moods::default());
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        (GreeterClient::new(connect(addr).await), server)
    }};
}

fn limit(quota: Quota) -> (RateLimitLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (RateLimitLayer::new(quota).key(PeerIp).clock(clock), hand)
}

/// Reads all replies; the code at the end, wherever it came.
async fn call(client: &mut Client, name: &str) -> Code {
    let read = async |mut replies: Streaming<HelloReply>| {
        while replies.message().await?.is_some() {}
        Ok::<_, Status>(())
    };
    let result = match client.say_hellos(name).await {
        Ok(response) => read(response.into_inner()).await,
        Err(status) => Err(status),
    };
    result.map_or_else(|status| status.code(), |()| Code::Ok)
}

fn failures(served: &Served<'_>) -> u32 {
    assert!(served.grpc_code.is_some(), "asked when the code is known");
    u32::from(served.grpc_code == Some(Code::Unavailable as i32))
}

#[tokio::test]
async fn calls_are_charged_by_their_code_in_the_head_or_in_the_trailers() {
    for failing in ["torn", "at once"] {
        let (layer, hand) = limit(Quota::per_minute(2));
        let (mut client, _server) = serve!(layer.charge_on(failures));
        for _ in 0..5 {
            assert_eq!(call(&mut client, "fine").await, Code::Ok);
        }
        for _ in 0..2 {
            assert_eq!(call(&mut client, failing).await, Code::Unavailable);
        }
        assert_eq!(call(&mut client, "fine").await, Code::ResourceExhausted, "{failing}");
        hand.advance(Duration::from_secs(30));
        for _ in 0..5 {
            assert_eq!(call(&mut client, "fine").await, Code::Ok);
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_stream_is_charged_what_was_reserved() {
    let (layer, hand) = limit(Quota::per_minute(1));
    let (mut client, _server) = serve!(layer.charge_on(failures));
    let mut replies = client.say_hellos("endless").await.unwrap().into_inner();
    assert!(replies.message().await.unwrap().is_some());
    hand.advance(Duration::from_secs(600));
    assert_eq!(call(&mut client, "fine").await, Code::ResourceExhausted, "it is reserved");
    drop(replies);
    // The server learns of it in its own time; what it then charges takes a minute to pay off.
    let mut seconds = 0;
    while call(&mut client, "fine").await != Code::Ok {
        hand.advance(Duration::from_secs(1));
        seconds += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(seconds >= 60, "{seconds}");
    assert_eq!(call(&mut client, "fine").await, Code::Ok, "nothing is reserved any more");
}

#[tokio::test]
async fn a_limit_adapts_to_the_codes_of_calls() {
    for failing in ["torn", "at once"] {
        let (layer, hand) = limit(Quota::per_second(100));
        let adaptive = Adaptive::new().outcomes(Aimd::default().min_volume(4));
        let layer = layer.adaptive(adaptive);
        let policy = layer.handle().limit("default").unwrap().policy("second").unwrap();
        let (mut client, _server) = serve!(layer);
        for name in ["fine", "fine", "fine", failing] {
            call(&mut client, name).await;
        }
        assert_eq!(policy.multiplier(), 1.0, "the interval has not ended");
        hand.advance(Duration::from_secs(1));
        assert_eq!(policy.multiplier(), 0.75, "{failing}: one in four is bad");
        // The first interval lets the backlog drain, the second is judged.
        for expected in [0.75, 0.85] {
            for _ in 0..4 {
                assert_eq!(call(&mut client, "fine").await, Code::Ok);
            }
            hand.advance(Duration::from_secs(1));
            assert!((policy.multiplier() - expected).abs() < 1e-9);
        }
    }
}

#[tokio::test]
async fn a_denied_peer_is_told_so() {
    let (layer, _hand) = limit(Quota::per_minute(9));
    let denying = layer.clone().deny(PeerIp.within(["127.0.0.0/8"]).unwrap());
    let (mut client, _server) = serve!(denying);
    let status = client.say_hellos("fine").await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);

    let handle = layer.handle().limit("default").unwrap();
    let (mut client, _server) = serve!(layer);
    let me = PeerIp.key_for(IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(call(&mut client, "fine").await, Code::Ok);
    handle.deny(&me);
    assert_eq!(call(&mut client, "fine").await, Code::PermissionDenied);
    handle.restore(&me);
    assert_eq!(call(&mut client, "fine").await, Code::Ok);
}

#[tokio::test]
async fn calls_over_the_quota_wait_and_pass() {
    const INTERVAL: Duration = Duration::from_millis(20);
    let clock = Clock::system();
    let layer = RateLimitLayer::new(Quota::every(INTERVAL)).key(PeerIp).clock(clock.clone());
    let layer = layer.queue(Queue::new(Duration::from_secs(600), 10));
    let (client, _server) = serve!(layer.clone());
    let begin = clock.now();
    let calls = [(); 4].map(|()| {
        let mut client = client.clone();
        tokio::spawn(async move { call(&mut client, "fine").await })
    });
    for call in calls {
        assert_eq!(call.await.unwrap(), Code::Ok);
    }
    assert!(clock.now().saturating_since(begin) >= 3 * INTERVAL);
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test]
async fn a_queue_that_is_full_says_when_to_come_back() {
    // The clock stands, so whoever waits does so until it leaves.
    let (layer, _hand) = limit(Quota::per_minute(1));
    let layer = layer.queue(Queue::new(Duration::from_secs(600), 1));
    let (mut client, _server) = serve!(layer.clone());
    assert_eq!(call(&mut client, "fine").await, Code::Ok);
    let mut other = client.clone();
    let waiting = tokio::spawn(async move { call(&mut other, "fine").await });
    while layer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let status = client.say_hellos("fine").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "120000");
    waiting.abort();
    while layer.waiting() > 0 {
        tokio::task::yield_now().await;
    }
}
