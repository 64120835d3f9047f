//! What is wrong is named, with what is allowed.

use std::{panic::catch_unwind, time::Duration};

use tower_weir::{
    concurrency::{Bounds, ConcurrencyLimitLayer, Fixed, Limiter, Priorities, Queue},
    error::ConfigError,
    key::{Global, OnMissingKey},
    route::RouteTable,
};

fn told<T: std::fmt::Debug>(result: Result<T, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

fn panics<T>(build: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let panic = catch_unwind(build).err().expect("it did not panic");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_limit_is_from_one_to_a_million() {
    let expected = "invalid limit `0`: from 1 to 1000000 requests at once";
    assert_eq!(told(Fixed::try_new(0)), expected);
    assert_eq!(
        told(Fixed::try_new(1_000_001)),
        "invalid limit `1000001`: from 1 to 1000000 requests at once",
    );
    assert_eq!(Fixed::try_new(1_000_000).unwrap().get(), 1_000_000);
    assert_eq!(panics(|| Fixed::new(0)), "a limit must be from 1 to 1000000");
    let limiter = Limiter::new(Fixed::new(1));
    let expected = "invalid limit `0`: from 1 to 1000000 requests at once; `pause` to let none in";
    assert_eq!(told(limiter.set_limit(0)), expected);
    assert!(limiter.set_limit(1_000_001).is_err());
    assert_eq!(limiter.limit(), 1);
    limiter.set_limit(1_000_000).unwrap();
    assert_eq!(limiter.limit(), 1_000_000);
}

#[test]
fn bounds_are_in_order() {
    for ((min, initial, max), expected) in [
        ((0, 1, 2), "invalid minimum limit `0`: at least 1"),
        ((9, 9, 8), "invalid minimum limit `9`: no more than the maximum limit"),
        ((1, 1, 1_000_001), "invalid maximum limit `1000001`: at most 1000000"),
        ((2, 1, 9), "invalid initial limit `1`: from the minimum limit to the maximum limit"),
        ((2, 10, 9), "invalid initial limit `10`: from the minimum limit to the maximum limit"),
    ] {
        assert_eq!(told(Bounds::try_new(min, initial, max)), expected);
        assert!(panics(|| Bounds::new(min, initial, max)).contains("min <= initial <= max"));
    }
    let bounds = Bounds::try_new(1, 1, 1).unwrap();
    assert_eq!((bounds.clamp(0.3), bounds.clamp(f64::NAN), bounds.clamp(7.0)), (1.0, 1.0, 1.0));
}

#[test]
fn a_queue_has_room_and_time() {
    assert_eq!(
        told(Queue::try_new(Duration::ZERO)),
        "invalid maximum wait `0 s`: longer than zero; `reject_when_full` if nothing is to wait",
    );
    assert_eq!(
        told(Queue::default().try_capacity(0)),
        "invalid queue capacity `0`: at least 1; `reject_when_full` if nothing is to wait",
    );
    assert_eq!(panics(|| Queue::new(Duration::ZERO)), "a queue needs a wait longer than zero",);
    assert!(panics(|| Queue::default().capacity(0)).contains("queue capacity `0`"));
}

#[test]
fn classes_are_few_named_once_and_share_no_more_than_there_is() {
    assert_eq!(
        told(Priorities::try_new(Vec::<(String, f64)>::new())),
        "invalid number of classes `0`: from 1 to 16",
    );
    let many = (0..17).map(|n| (format!("class {n}"), 0.0));
    assert_eq!(told(Priorities::try_new(many)), "invalid number of classes `17`: from 1 to 16");
    assert_eq!(
        told(Priorities::try_new([("a", 0.1), ("b", 0.1), ("a", 0.1)])),
        "invalid class `a`: a name may come only once, whatever its case",
    );
    // Names are found whatever their case.
    assert!(Priorities::try_new([("gold", 0.1), ("Gold", 0.1)]).is_err());
    for (share, shown) in [(-0.1, "-0.1"), (1.1, "1.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
    {
        assert_eq!(
            told(Priorities::try_new([("a", share)])),
            format!("invalid share `{shown} of class a`: from 0 to 1"),
        );
    }
    assert_eq!(
        told(Priorities::try_new([("a", 0.6), ("b", 0.5)])),
        "invalid shares `1.100 in all`: together no more than 1",
    );
    assert!(Priorities::try_new([("a", 0.7), ("b", 0.2), ("c", 0.1)]).is_ok());
    assert_eq!(
        told(Priorities::default().try_default_class("gold")),
        "invalid default class `gold`: one of `critical`, `default`, `sheddable`",
    );
    assert!(panics(|| Priorities::default().default_class("gold")).contains("one of `critical`"));
}

#[test]
fn what_is_said_of_keys_needs_a_key() {
    let limiter = || Limiter::new(Fixed::new(1));
    let expected = "there is no limit for each key: call `key` first";
    assert_eq!(panics(move || limiter().on_missing_key(OnMissingKey::Skip)), expected);
    assert_eq!(panics(move || limiter().max_keys(9)), expected);
    let zero = limiter().key(Global).max_keys(0).unwrap_err();
    assert_eq!(zero.to_string(), "invalid number of keys `0`: at least 1");
    assert!(ConcurrencyLimitLayer::new(limiter()).key(Global).max_keys(9).is_ok());
}

/// A setting that could have no effect is a mistake.
#[test]
fn what_is_said_of_a_layers_own_limiter_needs_one() {
    let layer = || {
        ConcurrencyLimitLayer::for_routes(
            RouteTable::new().route("/a", Limiter::new(Fixed::new(1))),
        )
    };
    let expected = "the layer has no limiter of its own: configure those of its routes";
    assert_eq!(panics(move || layer().queue(Queue::default())), expected);
    assert_eq!(panics(move || layer().reject_when_full()), expected);
    assert_eq!(panics(move || layer().priorities(Priorities::default())), expected);
    assert_eq!(panics(move || layer().key(Global)), expected);
    assert_eq!(panics(move || layer().on_missing_key(OnMissingKey::Skip)), expected);
    assert_eq!(panics(move || layer().named("a")), expected);
    assert_eq!(panics(move || layer().clock(tower_weir::clock::Clock::system())), expected);
}
