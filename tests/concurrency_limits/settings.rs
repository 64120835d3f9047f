use tower_weir::{
    concurrency::{Aimd, Bounds, Gradient2, Limit, Vegas, VerifiedGradient},
    error::ConfigError,
};

fn told<T>(result: Result<T, ConfigError>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    for share in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY] {
        assert!(Vegas::default().try_smoothing(share).is_err(), "{share}");
        assert!(Gradient2::default().try_smoothing(share).is_err(), "{share}");
    }
    for times in [0.9, 101.0, f64::NAN, f64::INFINITY] {
        assert!(Gradient2::default().try_tolerance(times).is_err(), "{times}");
        assert!(VerifiedGradient::default().try_tolerance(times).is_err(), "{times}");
    }
    for share in [0.49, 1.0, f64::NAN] {
        assert!(Aimd::default().try_backoff(share).is_err(), "{share}");
    }
    assert_eq!(
        told(Aimd::default().try_backoff(1.0)),
        "invalid backoff ratio `1`: at least 0.5, less than 1"
    );
    assert_eq!(
        told(VerifiedGradient::default().try_tolerance(0.5)),
        "invalid tolerance `0.5`: from 1 to 100"
    );
    assert_eq!(
        told(Vegas::default().try_probe_multiplier(0)),
        "invalid probe multiplier `0`: at least 1"
    );
    assert_eq!(told(Gradient2::default().try_window(0)), "invalid window `0`: at least 1 answer");
}

#[test]
fn all_begin_at_the_initial_limit() {
    const BOUNDS: Bounds = Bounds::new(3, 30, 300);
    assert_eq!(Aimd::default().bounds(BOUNDS).limit(), 30);
    assert_eq!(Vegas::default().bounds(BOUNDS).limit(), 30);
    assert_eq!(Gradient2::default().bounds(BOUNDS).limit(), 30);
    assert_eq!(VerifiedGradient::default().bounds(BOUNDS).limit(), 30);
}

#[test]
fn settings_that_work_can_be_constants() {
    const fn known(limit: Gradient2) -> Gradient2 {
        limit.bounds(Bounds::new(4, 20, 500)).tolerance(2.0).smoothing(0.5).window(100)
    }
    assert_eq!(known(Gradient2::default()).limit(), 20);
}
