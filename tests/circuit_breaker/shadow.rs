//! A dry run changes its state and rejects nobody.

use super::*;

#[test]
fn nobody_is_rejected_and_everything_else_is_as_if() {
    let broken = Broken::new(CircuitBreakerLayer::new(breaker()).shadow(true));
    assert_eq!(broken.calls(20, 500), 20);
    assert_eq!(broken.state(), State::Open);
    let open_for = || broken.handle().circuit().open_for().unwrap();
    assert_eq!(open_for(), Duration::from_secs(5));
    broken.pass(5);
    let calls: Vec<_> = (0..20).map(|_| broken.begin().unwrap()).collect();
    assert_eq!(broken.state(), State::HalfOpen);
    for call in calls.into_iter().rev() {
        // The last ones are those that would have been rejected.
        assert_eq!(broken.state(), State::HalfOpen);
        call.end(200);
    }
    broken.calls(1, 200);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn it_can_be_made_real_while_it_runs() {
    let broken = Broken::new(CircuitBreakerLayer::new(breaker()).shadow(true));
    broken.calls(20, 500);
    let handle = broken.layer.handle();
    assert!(handle.is_shadow());
    handle.set_shadow(false);
    assert_eq!(broken.calls(20, 500), 0);
    handle.set_shadow(true);
    assert_eq!(broken.calls(20, 500), 20);
}
