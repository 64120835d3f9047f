//! From a load to a multiplier.

use proptest::prelude::*;
use tower_weir::load::Ramp;

fn ramps() -> impl Strategy<Value = Ramp> {
    let span = prop_oneof![1e-9..10.0f64, Just(f64::MIN_POSITIVE), Just(1e300)];
    let soft = prop_oneof![0.0..1.0f64, 0.0..1e6f64, Just(0.0)];
    (soft, span).prop_filter_map("too narrow", |(soft, span)| Ramp::try_new(soft, soft + span).ok())
}

/// Around the ramp, on its ends, and anything else.
fn loads(ramp: Ramp) -> impl Strategy<Value = f64> {
    let span = ramp.hard() - ramp.soft();
    prop_oneof![
        8 => (-0.5..1.5f64).prop_map(move |way| ramp.soft() + way * span),
        1 => Just(ramp.soft()),
        1 => Just(ramp.hard()),
        1 => proptest::num::f64::ANY,
    ]
}

fn cases() -> impl Strategy<Value = (Ramp, f64, f64, f64)> {
    ramps().prop_flat_map(|ramp| (Just(ramp), loads(ramp), loads(ramp), 0.0..=1.0f64))
}

proptest! {
    #[test]
    fn stays_between_the_floor_and_one((ramp, load, _, floor) in cases()) {
        let multiplier = ramp.multiplier(load, floor);
        prop_assert!((floor..=1.0).contains(&multiplier), "{multiplier}");
    }

    #[test]
    fn never_rises_with_the_load((ramp, one, other, floor) in cases()) {
        prop_assume!(!one.is_nan() && !other.is_nan());
        let (less, more) = (one.min(other), one.max(other));
        prop_assert!(ramp.multiplier(less, floor) >= ramp.multiplier(more, floor));
    }

    #[test]
    fn is_whole_up_to_the_soft_threshold_and_the_floor_from_the_hard((ramp, load, _, floor) in cases()) {
        let multiplier = ramp.multiplier(load, floor);
        if load >= ramp.hard() {
            prop_assert_eq!(multiplier, floor);
        } else if load.is_nan() || load <= ramp.soft() {
            prop_assert_eq!(multiplier, 1.0);
        }
    }

    #[test]
    fn falls_in_a_line(soft in 0.0..10.0f64, span in 0.01..10.0f64, way in 0.0..1.0f64, floor in 0.0..1.0f64) {
        let ramp = Ramp::new(soft, soft + span);
        let expected = 1.0 - way * (1.0 - floor);
        prop_assert!((ramp.multiplier(soft + way * span, floor) - expected).abs() < 1e-9);
    }

    #[test]
    fn only_thresholds_in_order_are_taken(soft in proptest::num::f64::ANY, hard in proptest::num::f64::ANY) {
        let valid = soft.is_finite() && hard.is_finite() && soft >= 0.0 && soft < hard;
        prop_assert_eq!(Ramp::try_new(soft, hard).is_ok(), valid);
    }
}

#[test]
fn an_odd_floor_counts_as_the_nearest() {
    let ramp = Ramp::new(0.5, 1.0);
    assert_eq!(ramp.multiplier(2.0, -3.0), 0.0);
    assert_eq!(ramp.multiplier(2.0, 3.0), 1.0);
    assert_eq!(ramp.multiplier(2.0, f64::NAN), 0.0);
    assert_eq!(ramp.multiplier(f64::INFINITY, 0.1), 0.1);
    assert_eq!(ramp.multiplier(f64::NAN, 0.1), 1.0, "no evidence");
}

#[test]
fn a_bad_ramp_says_what_is_allowed() {
    let error = Ramp::try_new(0.9, 0.8).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid load ramp `0.9 to 0.8`: the soft threshold must be at least 0 and below the hard one, both finite",
    );
    assert!(std::panic::catch_unwind(|| Ramp::new(f64::NAN, 1.0)).is_err());
}
