//! What a profile costs in memory.

use std::{
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::HeaderValue;
use http_body_util::Empty;
use tower_weir::route::RouteTable;

use super::{
    allocator::{allocations, growth},
    *,
};

/// Answers at once.
#[derive(Clone)]
struct Trivial;

impl Service<Request<Empty<Bytes>>> for Trivial {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Full::from("fine"))))
    }
}

fn request(path: String) -> Request<Empty<Bytes>> {
    // As axum's, which has told the peer already.
    let request = Request::builder()
        .uri(path)
        .header("x-request-id", HeaderValue::from_static("7"))
        .extension(7_u8);
    request.body(Empty::new()).unwrap()
}

fn answer<S>(service: &mut S, request: Request<Empty<Bytes>>)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<GuardedBody<Full<Bytes>, Recording>>>,
    S::Error: std::fmt::Debug,
{
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(answer) = pin!(service.call(request)).poll(&mut context) else { panic!() };
    let mut body = answer.unwrap().into_body();
    while !http_body::Body::is_end_stream(&body) {
        let frame = http_body::Body::poll_frame(std::pin::Pin::new(&mut body), &mut context);
        assert!(frame.is_ready());
    }
}

fn table() -> RouteTable<()> {
    (0..20).fold(RouteTable::new(), |table, n| table.route(&format!("/{n}"), ()))
}

#[test]
fn a_request_to_a_known_route_allocates_nothing() {
    let (clock, hand) = Clock::manual();
    let layer = ProfileLayer::new(Profile::new().clock(clock)).routes(table());
    let mut service = layer.layer(Trivial);
    let mut of_one = |path: &str| {
        let request = request(path.to_owned());
        hand.advance(millis(1));
        allocations(|| answer(&mut service, request))
    };
    for _ in 0..10 {
        of_one("/7");
        of_one("/elsewhere");
    }
    assert_eq!(of_one("/7"), 0);
    // The place in which its route may be told, and that of the place in the extensions.
    assert_eq!(of_one("/elsewhere"), 2);
}

#[test]
fn an_hour_of_traffic_takes_no_more_memory_than_its_first_windows() {
    let (clock, hand) = Clock::manual();
    let layer = ProfileLayer::new(Profile::new().clock(clock)).routes(table());
    let mut service = layer.layer(Trivial);
    let mut minutes = |count: u32| {
        growth(|| {
            for second in 0..count * 60 {
                for n in 0..20 {
                    hand.advance(Duration::from_micros(50_000 - u64::from(second + n) % 97));
                    answer(&mut service, request(format!("/{n}")));
                }
            }
        })
    };
    // Until all slices of the hour are there.
    let first = minutes(65);
    let hour = minutes(60);
    assert!(hour.abs() < first / 50, "{first} bytes, then {hour} more in an hour");
}

#[test]
fn a_million_paths_are_one_route() {
    let profile = Profile::new();
    let mut service = ProfileLayer::new(profile.clone()).layer(Trivial);
    let mut send = |from: u64, to: u64| {
        growth(|| {
            for n in from..to {
                answer(
                    &mut service,
                    request(format!("/{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
                );
            }
        })
    };
    send(0, 1_000);
    let grown = send(1_000, 1_000_000);
    assert!(grown < 100_000, "{grown} bytes");
    assert_eq!(outcomes(&profile), [("_unmatched".to_owned(), "GET", Outcome::Ok, 1_000_000)]);
}
