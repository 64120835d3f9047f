//! Who wants to know when it opens and closes.

use std::sync::Mutex;

use tower_weir::circuit_breaker::Cause;

use super::*;

type Told = Arc<Mutex<Vec<String>>>;

fn telling(breaker: Breaker) -> (Broken, Told) {
    let told = Told::default();
    let tell = Arc::clone(&told);
    let layer = CircuitBreakerLayer::new(breaker).on_state_change(move |change| {
        let open_for = change.open_for.map_or(0, |open_for| open_for.as_secs());
        let (breaker, from, to, cause) = (change.breaker, change.from, change.to, change.cause);
        tell.lock().unwrap().push(format!("{breaker}: {from} {to} {open_for} {cause:?}"));
    });
    (Broken::new(layer), told)
}

#[test]
fn every_change_is_told_once() {
    let (broken, told) = telling(breaker().named("payments"));
    broken.half_open();
    broken.calls(2, 500);
    broken.pass(10);
    broken.calls(10, 200);
    broken.handle().force_open();
    broken.handle().force_open();
    broken.handle().reset();
    broken.handle().reset();
    let expected = [
        "payments: closed open 5 Failures",
        "payments: open half_open 0 Elapsed",
        "payments: half_open open 10 Probes",
        "payments: open half_open 0 Elapsed",
        "payments: half_open closed 0 Probes",
        "payments: closed open 0 Handle",
        "payments: open closed 0 Handle",
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn the_numbers_that_opened_it_are_told() {
    let seen = Arc::new(Mutex::new(None));
    let see = Arc::clone(&seen);
    let layer = CircuitBreakerLayer::new(breaker()).on_state_change(move |change| {
        assert!(change.key.is_none());
        *see.lock().unwrap() = Some((change.cause, change.counts, change.generation));
    });
    let broken = Broken::new(layer);
    broken.calls(3, 200);
    broken.open();
    let (cause, counts, generation) = seen.lock().unwrap().unwrap();
    assert_eq!((cause, generation), (Cause::Failures, 1));
    assert_eq!((counts.calls, counts.failures), (6, 3));
}

#[test]
fn whoever_is_told_may_panic() {
    let layer = CircuitBreakerLayer::new(breaker()).on_state_change(|_| panic!("as the test says"));
    let broken = Broken::new(layer);
    assert_eq!(broken.calls(20, 500), 4);
    broken.pass(5);
    assert_eq!(broken.calls(20, 200), 20);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn whoever_is_told_may_panic_while_a_call_is_dropped_by_a_panic() {
    let layer = CircuitBreakerLayer::new(breaker()).on_state_change(|_| panic!("as the test says"));
    let broken = Broken::new(layer);
    for _ in 0..4 {
        let inner =
            service_fn(async |_: Request<()>| -> Result<Response<Full<Bytes>>, Infallible> {
                panic!("as the test says")
            });
        let call = || send_to(&broken.layer, inner).is_ok();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    }
    assert_eq!(broken.state(), State::Open);
}

#[test]
fn whoever_is_told_may_steer() {
    let handle = Arc::new(std::sync::OnceLock::<BreakerHandle>::new());
    let steer = Arc::clone(&handle);
    let layer = CircuitBreakerLayer::new(breaker()).on_state_change(move |change| {
        let handle = steer.get().unwrap();
        assert_eq!(handle.state(), change.to);
        if change.to == State::Open {
            handle.force_closed();
        }
    });
    let broken = Broken::new(layer);
    let known = handle.set(broken.handle());
    assert!(known.is_ok());
    assert_eq!(broken.calls(20, 500), 20);
}
