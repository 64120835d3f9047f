use std::time::Duration;

use crate::world::{World, answer};

#[tokio::test(start_paused = true)]
async fn an_age_adds_up_over_processes_whatever_their_clocks_say() {
    let world = World::new(|_| answer(&[("cache-control", "max-age=600"), ("age", "100")], "a"));
    let (a, b) = (world.process(), world.process());
    b.hand.advance(Duration::from_secs(7_000));
    a.get("/a").await;
    world.pass(30);
    let got = b.get("/a").await;
    assert_eq!((got.field("age"), got.told()), ("130", "weir; hit; ttl=470; detail=second-tier"));
    world.pass(400);
    assert_eq!(b.get("/a").await.field("age"), "530");
    world.pass(70);
    assert_eq!(b.get("/a").await.field("age"), "0".replace('0', "100"), "a new one");
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_age_is_lost_before_a_clock_began() {
    let control = [("cache-control", "max-age=20000")];
    let world = World::new(move |_| answer(&control, "a"));
    world.process().get("/a").await;
    world.pass(5_000);
    let late = world.process();
    // It began an hour before this.
    assert_eq!(late.get("/a").await.field("age"), "5000");
    late.hand.advance(Duration::from_secs(3));
    assert_eq!(late.get("/a").await.field("age"), "5003");
}

#[tokio::test(start_paused = true)]
async fn what_is_fresh_no_more_is_kept_no_longer_than_of_use() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    // An hour beyond its minute: until then it may be of use to a client that takes what is stale.
    world.pass(60 + 3_600);
    assert_eq!(world.server.records(), 1);
    assert_eq!(b.get("/a").await.told(), "weir; fwd=uri-miss; stored");
    world.pass(60 + 3_599);
    assert_eq!(a.get("/a").await.told(), "weir; fwd=stale; stored");
}
