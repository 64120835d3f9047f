use http::Method;
use tower_weir::cache::{MemoryStore, Store};

use crate::world::{World, answer, asking};

#[tokio::test(start_paused = true)]
async fn a_purge_in_one_process_is_one_in_all() {
    for purge in [
        (|cache| cache.purge(&"/a".parse().unwrap())) as fn(&tower_weir::cache::Handle),
        |cache| cache.purge_tag("t"),
        |cache| cache.purge_prefix("/a"),
        |cache| cache.purge_matching("/a*".parse().unwrap()),
        |cache| cache.purge_all(),
    ] {
        let fields = [("cache-control", "max-age=60"), ("surrogate-key", "t")];
        let world = World::new(move |_| answer(&fields, "a"));
        let (a, b, c) = (world.process(), world.process(), world.process());
        a.get("/a").await;
        b.get("/a").await;
        purge(&a.cache);
        assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=60", "it does not know of it");
        world.server.carry();
        assert_eq!(b.get("/a").await.told(), "weir; fwd=uri-miss; stored");
        assert_eq!(c.get("/a").await.told(), "weir; hit; ttl=60; detail=second-tier");
        assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60; detail=second-tier");
        assert_eq!(world.calls(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_purges_sees_it_purged_below_at_once() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    b.get("/a").await;
    a.cache.purge(&"/a".parse().unwrap());
    assert_eq!(a.get("/a").await.text(), "call 1", "nobody else knows of it yet");
    world.server.carry();
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60");
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_after_a_purge_outlives_its_number() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    let post = a.send(asking(Method::POST, "/a", &[])).await;
    assert_eq!(post.text(), "call 0");
    // The purge is numbered after the request has set out, and before its answer is written.
    let (fresh, ()) = tokio::join!(a.get("/a"), async { world.server.carry() });
    assert_eq!(fresh.text(), "call 1");
    world.server.carry();
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60");
    assert_eq!(b.get("/other").await.text(), "call 2");
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_request_purges_what_only_others_have_stored() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    b.get("/a").await;
    a.send(asking(Method::POST, "/a", &[])).await;
    world.server.carry();
    assert_eq!(b.get("/a").await.text(), "call 2");
    assert_eq!(a.get("/a").await.text(), "call 2");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_may_have_missed_something_does_not_read_until_it_has_caught_up() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    world.server.lose(1);
    assert_eq!(b.get("/a").await.text(), "call 1");
    world.server.tell(1);
    assert_eq!(b.get("/b").await.text(), "call 2");
    assert_eq!(a.get("/b").await.text(), "call 2", "it writes nevertheless");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_know_what_was_purged_purges_everything() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    b.get("/b").await;
    world.server.state().deaf = Some(1);
    a.cache.purge_tag("t");
    a.cache.purge_tag("u");
    world.server.carry();
    world.server.forget_purges();
    assert_eq!(b.get("/b").await.told(), "weir; hit; ttl=60", "it has not heard of anything");
    world.server.tell(1);
    assert_eq!(b.get("/b").await.text(), "call 2");
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60", "it has come further");
    assert_eq!(b.get("/a").await.text(), "call 3", "it was written before what is not known");
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_what_is_heard_is_filled_from_the_log() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    for uri in ["/a", "/b", "/c"] {
        b.get(uri).await;
    }
    world.server.state().deaf = Some(1);
    a.cache.purge(&"/a".parse().unwrap());
    world.server.carry();
    world.server.state().deaf = None;
    a.cache.purge(&"/b".parse().unwrap());
    world.server.carry();
    assert_eq!(b.get("/a").await.text(), "call 3");
    assert_eq!(b.get("/b").await.text(), "call 4");
    assert_eq!(b.get("/c").await.text(), "call 2");
}

#[tokio::test(start_paused = true)]
async fn of_two_purges_of_the_same_in_two_processes_both_count_although_the_log_holds_the_last() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    let uri = "/a".parse().unwrap();
    b.cache.purge(&uri);
    assert_eq!(b.get("/a").await.text(), "call 0");
    a.cache.purge(&uri);
    // That of the first process is numbered first, and the second hears of its own alone.
    world.server.state().deaf = Some(1);
    world.server.carry();
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=60", "it has not heard of it");
    world.server.tell(1);
    assert_eq!(b.get("/a").await.text(), "call 1");
}

#[tokio::test(start_paused = true)]
async fn another_log_purges_everything_in_memory() {
    let world = World::counting();
    let a = world.process();
    a.get("/a").await;
    world.server.flush();
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60", "it does not know yet");
    world.server.tell(0);
    assert_eq!(a.get("/a").await.text(), "call 1");
    world.server.tell(0);
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60");
}

#[tokio::test(start_paused = true)]
async fn clearing_the_store_clears_what_is_below() {
    let world = World::counting();
    let store = MemoryStore::with_max_bytes(1 << 20).over(world.server.clone());
    let b = world.process();
    b.get("/a").await;
    store.clear();
    world.server.carry();
    assert_eq!(b.get("/a").await.text(), "call 1");
}

#[test]
#[should_panic(expected = "before it is cloned")]
fn a_store_that_others_have_already_gets_no_second_tier() {
    let store = MemoryStore::with_max_bytes(1 << 20);
    let _other = store.clone();
    let _ = store.over(crate::server::Server::default());
}
