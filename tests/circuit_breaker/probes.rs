//! Half-open: a few calls find out how the service fares.

use super::*;

#[test]
fn three_at_once_and_the_others_are_told_to_wait() {
    let broken = Broken::plain();
    broken.half_open();
    let probes: Vec<_> = (0..100).filter_map(|_| broken.begin()).collect();
    assert_eq!((probes.len(), broken.state()), (3, State::HalfOpen));
    let rejected = broken.get("/", 200);
    assert_eq!((rejected.status().as_u16(), header(&rejected, "retry-after")), (503, "1"));
    probes.into_iter().for_each(|probe| probe.end(200));
    assert_eq!(broken.state(), State::HalfOpen, "four are to succeed");
    assert_eq!(broken.calls(1, 404), 1);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn two_that_fail_open_it_again_for_longer() {
    let broken = Broken::plain();
    for expected in [5, 10, 20, 40, 60, 60] {
        assert_eq!(broken.calls(20, 500).min(4), if expected == 5 { 4 } else { 2 });
        assert_eq!(broken.state(), State::Open);
        let open_for = broken.handle().circuit().open_for();
        assert_eq!(open_for, Some(Duration::from_secs(expected)));
        broken.pass(expected);
    }
}

#[test]
fn probes_that_are_given_up_free_their_places() {
    let broken = Broken::plain();
    broken.half_open();
    for _ in 0..50 {
        let probes: Vec<_> = (0..5).filter_map(|_| broken.begin()).collect();
        assert_eq!(probes.len(), 3);
    }
    assert_eq!(broken.state(), State::HalfOpen);
    assert_eq!(broken.calls(10, 200), 10);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn a_probe_that_is_never_polled_frees_its_place() {
    let broken = Broken::plain();
    broken.half_open();
    for _ in 0..50 {
        let inner = service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        drop(broken.layer.layer(inner).call(Request::new(())));
    }
    assert_eq!(broken.calls(10, 200), 10);
}

#[test]
fn a_probe_without_an_answer_opens_it_when_the_next_call_comes() {
    let broken = Broken::plain();
    broken.half_open();
    let probe = broken.begin().unwrap();
    broken.pass(10);
    assert_eq!(broken.state(), State::HalfOpen, "nobody has come yet");
    assert_eq!(broken.calls(10, 200), 0);
    assert_eq!(broken.handle().circuit().open_for(), Some(Duration::from_secs(10)));
    probe.end(200);
    assert_eq!(broken.state(), State::Open, "it comes too late");
}

#[test]
fn what_is_ignored_is_as_if_it_had_not_been_asked() {
    let layer =
        CircuitBreakerLayer::new(breaker()).classify(|answer| match answer.status.as_u16() {
            429 => tower_weir::verdict::Verdict::Ignored,
            _ => tower_weir::verdict::Verdict::of(answer),
        });
    let broken = Broken::new(layer);
    broken.half_open();
    assert_eq!(broken.calls(50, 429), 50);
    assert_eq!(broken.state(), State::HalfOpen);
    assert_eq!(broken.calls(4, 200), 4);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn answers_to_calls_from_before_do_not_count() {
    let broken = Broken::plain();
    let old: Vec<_> = (0..40).map(|_| broken.begin().unwrap()).collect();
    let mut old = old.into_iter();
    broken.open();
    (0..10).for_each(|_| old.next().unwrap().end(500));
    assert_eq!(broken.handle().circuit().open_for(), Some(Duration::from_secs(5)));
    broken.pass(5);
    let probe = broken.begin().unwrap();
    (0..10).for_each(|_| old.next().unwrap().end(500));
    (0..10).for_each(|_| old.next().unwrap().end(200));
    assert_eq!(broken.state(), State::HalfOpen);
    probe.end(200);
    broken.calls(3, 200);
    assert_eq!(broken.state(), State::Closed);
    old.for_each(|call| call.end(500));
    assert_eq!((broken.state(), broken.handle().counts().calls), (State::Closed, 0));
}

#[test]
fn how_many_there_are_is_a_setting() {
    let breaker = breaker().probes(1, 1).unwrap().concurrent_probes(1).unwrap();
    let broken = Broken::new(CircuitBreakerLayer::new(breaker));
    broken.half_open();
    assert_eq!(broken.calls(10, 500), 1);
    assert_eq!(broken.state(), State::Open);
    broken.pass(10);
    assert_eq!(broken.calls(1, 200), 1);
    assert_eq!(broken.state(), State::Closed);
}
