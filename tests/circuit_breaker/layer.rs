//! What opens it, and what clients are told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower_weir::reject::Rejected;
use tower_weir::verdict::Verdict;

use super::*;

#[test]
fn a_service_that_fails_is_left_alone_and_then_probed() {
    let broken = Broken::plain();
    assert_eq!(broken.calls(100, 200), 100);
    assert_eq!(broken.calls(100, 503), 5, "half of the last ten");
    assert_eq!(broken.state(), State::Open);
    broken.pass(4);
    assert_eq!(broken.calls(100, 200), 0);
    broken.pass(1);
    assert_eq!(broken.calls(100, 200), 100);
    assert_eq!(broken.state(), State::Closed);
    assert_eq!(broken.handle().counts().calls, 10);
}

#[test]
fn a_rejection_says_when_to_come_back() {
    let broken = Broken::plain();
    broken.open();
    broken.hand.advance(Duration::from_millis(1_200));
    let rejected = broken.get("/", 200);
    assert!(Rejected::is_on(&rejected));
    assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&rejected, "retry-after"), "4");
    assert_eq!(header(&rejected, "content-type"), "application/problem+json");
    let body = futures_executor::block_on(rejected.into_body().collect()).unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["detail"], "the service fails and is left alone for a while");

    let call = Request::post("/").header("content-type", "application/grpc").body(()).unwrap();
    let rejected = broken.send(call, Response::new(""));
    assert_eq!(rejected.status(), StatusCode::OK);
    assert_eq!(header(&rejected, "grpc-status"), "14");
    assert_eq!(header(&rejected, "grpc-retry-pushback-ms"), "3800");
}

#[test]
fn a_503_of_the_service_is_no_rejection() {
    let broken = Broken::plain();
    let answer = broken.get("/", 503);
    assert_eq!(answer.status(), 503);
    assert!(!Rejected::is_on(&answer));
}

#[test]
fn the_rejection_may_be_ones_own() {
    let layer = CircuitBreakerLayer::new(breaker()).on_reject(|rejection, head| {
        let text = format!("{} {}", head.uri.path(), rejection.message());
        Response::builder().status(418).body(text).unwrap()
    });
    let broken = Broken::new(layer);
    broken.open();
    let rejected = broken.get("/tea", 200);
    assert_eq!((rejected.status().as_u16(), header(&rejected, "retry-after")), (418, "5"));
    assert!(Rejected::is_on(&rejected));
}

#[test]
fn what_the_client_did_wrong_opens_nothing() {
    let broken = Broken::plain();
    assert_eq!(broken.calls(100, 404), 100);
    assert_eq!(broken.handle().counts().failures, 0);
    assert_eq!(broken.calls(100, 429), 5, "429 is overload");
}

#[test]
fn answers_can_be_judged_otherwise() {
    let layer = CircuitBreakerLayer::new(breaker()).classify(|answer| match answer.status {
        StatusCode::NOT_FOUND => Verdict::Failure,
        StatusCode::TOO_MANY_REQUESTS => Verdict::Ignored,
        _ => Verdict::Success,
    });
    let broken = Broken::new(layer);
    assert_eq!(broken.calls(100, 429), 100);
    assert_eq!(broken.calls(100, 500), 100);
    assert_eq!(broken.handle().counts().calls, 10);
    assert_eq!(broken.calls(100, 404), 5);
}

#[test]
fn an_error_of_the_service_is_a_failure_and_comes_through() {
    let broken = Broken::plain();
    let fail = || {
        let inner = service_fn(async |_: Request<()>| Err::<Response<Full<Bytes>>, _>("no route"));
        send_to(&broken.layer, inner)
    };
    for _ in 0..4 {
        assert_eq!(fail().unwrap_err(), "no route");
    }
    assert!(Rejected::is_on(&fail().unwrap()));
}

#[test]
fn a_panic_is_a_failure() {
    let in_future = Broken::plain();
    let in_call = Broken::plain();
    for _ in 0..4 {
        let inner =
            service_fn(async |_: Request<()>| -> Result<Response<Full<Bytes>>, Infallible> {
                panic!("as the test says")
            });
        let call = || send_to(&in_future.layer, inner).is_ok();
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        let inner = service_fn(
            |_: Request<()>| -> std::future::Ready<Result<Response<Full<Bytes>>, Infallible>> {
                panic!("as the test says")
            },
        );
        let call = || send_to(&in_call.layer, inner).is_ok();
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    }
    assert_eq!((in_future.state(), in_call.state()), (State::Open, State::Open));
}

#[test]
fn a_panic_of_the_classifier_is_a_failure() {
    let broken =
        Broken::new(CircuitBreakerLayer::new(breaker()).classify(|_| panic!("I cannot tell")));
    for _ in 0..4 {
        assert!(catch_unwind(AssertUnwindSafe(|| broken.get("/", 200))).is_err());
    }
    assert_eq!(broken.state(), State::Open);
}

#[test]
fn slow_calls_open_it_when_it_is_said_what_is_slow() {
    let late = |broken: &Broken, millis| {
        let hand = broken.hand.clone();
        let inner = service_fn(move |_: Request<()>| {
            hand.advance(Duration::from_millis(millis));
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))) }
        });
        Rejected::is_on(&send_to(&broken.layer, inner).unwrap())
    };
    let slow = breaker().slow_calls(Duration::from_millis(500), 0.75).unwrap();
    let broken = Broken::new(CircuitBreakerLayer::new(slow));
    for (millis, expected) in [(499, 0), (500, 1), (10_000, 2)] {
        assert!(!late(&broken, millis));
        assert_eq!(broken.handle().counts().slow, expected);
    }
    assert_eq!(broken.state(), State::Closed);
    assert!(!late(&broken, 500));
    assert!(late(&broken, 1), "three of four");

    let broken = Broken::plain();
    assert!((0..20).all(|_| !late(&broken, 60_000)));
}

#[test]
fn a_call_that_is_given_up_counts_only_if_it_was_slow() {
    let broken = Broken::plain();
    for _ in 0..20 {
        let call = broken.begin().unwrap();
        broken.pass(100);
        drop(call);
    }
    assert_eq!(broken.handle().counts().calls, 0);

    let slow = breaker().slow_calls(Duration::from_millis(500), 0.8).unwrap();
    let broken = Broken::new(CircuitBreakerLayer::new(slow));
    for _ in 0..20 {
        let call = broken.begin().unwrap();
        broken.hand.advance(Duration::from_millis(499));
        drop(call);
    }
    assert_eq!(broken.handle().counts().calls, 0);
    let calls: Vec<_> = (0..4).map(|_| broken.begin().unwrap()).collect();
    broken.hand.advance(Duration::from_millis(500));
    drop(calls);
    assert_eq!(broken.state(), State::Open, "a timeout outside of the layer may have ended them");
}

#[test]
fn a_window_by_time_forgets() {
    let window = Window::by_time(Duration::from_secs(10), 4).unwrap();
    let broken = Broken::new(CircuitBreakerLayer::new(breaker().window(window)));
    for _ in 0..50 {
        assert_eq!(broken.calls(3, 500), 3, "three in ten seconds are not enough");
        broken.pass(10);
    }
    assert_eq!(broken.handle().counts().calls, 0);
    for _ in 0..5 {
        broken.calls(7, 200);
        broken.pass(1);
    }
    assert_eq!(broken.handle().counts().calls, 35);
    broken.pass(5);
    assert_eq!(broken.handle().counts().calls, 28, "the first second is over");
    assert_eq!(broken.calls(100, 500), 28);
}

#[test]
fn how_long_the_service_asks_to_be_left_alone_is_honoured() {
    for (name, value, expected) in [
        ("retry-after", "30", 30),
        ("retry-after", "3600", 60),
        ("retry-after", "1", 5),
        ("retry-after", "Thu, 01 Jan 2026 01:00:45 GMT", 45),
        ("grpc-retry-pushback-ms", "20000", 20),
    ] {
        let broken = Broken::plain();
        let busy = || Response::builder().status(503).header(name, value).body("").unwrap();
        for _ in 0..4 {
            assert!(!Rejected::is_on(&broken.send(Request::new(()), busy())));
        }
        let rejected = broken.send(Request::new(()), busy());
        assert_eq!(header(&rejected, "retry-after"), expected.to_string(), "{value}");
    }
}

#[test]
fn the_open_time_is_within_the_jitter() {
    for seed in 0..50 {
        let breaker = breaker().jitter(0.2).unwrap().seed(seed);
        let broken = Broken::new(CircuitBreakerLayer::new(breaker));
        broken.open();
        let open_for = broken.handle().circuit().open_for().unwrap();
        assert!((4_000..=6_000).contains(&open_for.as_millis()), "{open_for:?}");
    }
}
