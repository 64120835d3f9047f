//! Random steps through the life of many requests at once, with an exact count of permits after each.
//!
//! A million steps for each kind of layer; `WEIR_STEPS=10000000` takes more.

mod inner;
#[path = "../support/random.rs"]
mod random;
mod threads;
mod world;

use std::time::Duration;

use http::HeaderName;
use tower_weir::{
    clock::Clock,
    concurrency::{ConcurrencyLimitLayer, Fixed, HoldUntil, Limiter, Priorities, Queue},
    key::Header,
};
use world::World;

const KEY: HeaderName = HeaderName::from_static("x-key");
const CLASS: HeaderName = HeaderName::from_static("x-class");

fn steps() -> u64 {
    std::env::var("WEIR_STEPS").map_or(1_000_000, |steps| steps.parse().expect("a number"))
}

/// Waits end when a place is free, the request is given up, or time that is made up has passed.
fn limiter() -> Limiter {
    Limiter::new(Fixed::new(3)).queue(Queue::new(Duration::from_millis(250)).capacity(12))
}

fn walk(seed: u64, make: impl FnOnce() -> ConcurrencyLimitLayer, holds_bodies: bool) {
    // Panics are part of it; what a test fails with is told at its end.
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload().downcast_ref() != Some(&"as told") {
            eprintln!("{panic}");
        }
    }));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed, make(), holds_bodies);
        for _ in 0..steps() {
            world.step().await;
        }
        world.end().await;
    });
}

fn layer(limiter: Limiter) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(limiter.clock(Clock::runtime()))
}

#[test]
fn in_one_line() {
    walk(1, || layer(limiter()), true);
}

#[test]
fn without_a_queue() {
    walk(2, || layer(limiter().reject_when_full()), true);
}

#[test]
fn in_lines_by_class_and_key() {
    let queue = Queue::new(Duration::from_millis(250)).capacity(12).fair(Header(KEY));
    let priorities = Priorities::default().header(CLASS);
    walk(3, || layer(limiter().queue(queue).priorities(priorities)), true);
}

#[test]
fn in_classes_without_a_queue() {
    let priorities = Priorities::default().header(CLASS);
    walk(4, || layer(limiter().priorities(priorities).reject_when_full()), true);
}

#[test]
fn to_the_headers_only() {
    walk(5, || layer(limiter()).hold_until(HoldUntil::Headers), false);
}

#[test]
fn with_a_limit_for_each_key() {
    walk(6, || layer(limiter().key(Header(KEY)).max_keys(2).unwrap()), true);
}
