use std::time::Duration;

use http::StatusCode;
use tower_weir::clock::Clock;

use crate::{
    server::Mood,
    world::{World, answer},
};

fn slow(mut world: World) -> World {
    world.server.state().claims = true;
    world.delay = Duration::from_secs(5);
    world
}

#[tokio::test(start_paused = true)]
async fn processes_wait_for_the_call_that_one_of_them_makes() {
    let world = slow(World::counting());
    let (a, b, c) = (world.process(), world.process(), world.process());
    let (one, other, third) = tokio::join!(a.get("/a"), b.get("/a"), c.get("/a"));
    assert_eq!((one.text(), other.text(), third.text()), ("call 0", "call 0", "call 0"));
    assert_eq!(other.told(), "weir; hit; ttl=60; detail=second-tier");
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waited_for_nothing_makes_a_call() {
    let world = slow(World::new(|_| answer(&[("cache-control", "no-store")], "a")));
    let (a, b) = (world.process(), world.process());
    let (one, other) = tokio::join!(a.get("/a"), b.get("/a"));
    assert_eq!((one.status, other.status, world.calls()), (StatusCode::OK, StatusCode::OK, 2));
}

#[tokio::test(start_paused = true)]
async fn what_may_be_personal_is_not_waited_for() {
    let world = slow(World::counting());
    let (a, b) = (world.process(), world.process());
    let clock = Clock::runtime();
    let asked = clock.now();
    let token = [("authorization", "Bearer a")];
    tokio::join!(a.get_with("/a", &token), b.get_with("/a", &token));
    assert_eq!((clock.now().saturating_since(asked), world.calls()), (Duration::from_secs(5), 2));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_is_not_written() {
    let world = slow(World::counting());
    world.server.is(Mood::Full);
    let (a, b) = (world.process(), world.process());
    let (one, other) = tokio::join!(a.get("/a"), b.get("/a"));
    assert_eq!((one.text(), other.text()), ("call 0", "call 1"));
    assert!(a.get("/a").await.told().starts_with("weir; hit; ttl="));
}
