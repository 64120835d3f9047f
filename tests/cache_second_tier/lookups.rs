use http::Method;

use crate::world::{World, answer, asking, versioned};

#[tokio::test(start_paused = true)]
async fn what_one_process_has_stored_another_need_not_ask_for() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    assert_eq!(a.get("/a").await.told(), "weir; fwd=uri-miss; stored");
    world.pass(7);
    let got = b.get("/a").await;
    assert_eq!((got.text(), got.told()), ("call 0", "weir; hit; ttl=53; detail=second-tier"));
    assert_eq!(got.field("age"), "7");
    assert_eq!(world.calls(), 1);
    assert_eq!((b.cache.stats().total.hits, b.cache.stats().total.misses), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_memory_is_not_asked_for_below() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    b.get("/a").await;
    let asked = world.server.asked();
    world.pass(1);
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=59");
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=59", "it was promoted");
    assert_eq!((world.server.asked(), world.server.state().written), (asked, 1));
}

#[tokio::test(start_paused = true)]
async fn many_who_want_the_same_ask_below_once() {
    let world = World::counting();
    world.process().get("/a").await;
    let (b, asked) = (world.process(), world.server.asked());
    let all = futures_util::future::join_all((0..10).map(|_| b.get("/a"))).await;
    assert!(all.iter().all(|got| got.text() == "call 0"));
    assert_eq!((world.calls(), world.server.asked()), (1, asked + 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_below_is_confirmed_by_a_conditional_request() {
    let world =
        World::new(|request| versioned(request, &[("cache-control", "max-age=10")], "1", "one"));
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    world.pass(20);
    let got = b.get("/a").await;
    assert_eq!((got.text(), got.told()), ("one", "weir; fwd=stale; fwd-status=304; stored"));
    assert_eq!((world.calls(), b.cache.stats().total.revalidated), (2, 1));
    // And that is in both from now on.
    let c = world.process();
    assert_eq!(c.get("/a").await.told(), "weir; hit; ttl=10; detail=second-tier");
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_below_replaces_what_is_stale_here() {
    let world = World::counting();
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    b.get("/a").await;
    world.pass(70);
    assert_eq!(a.get("/a").await.text(), "call 1");
    let got = b.get("/a").await;
    assert_eq!((got.text(), got.told()), ("call 1", "weir; hit; ttl=60; detail=second-tier"));
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_used_stale_is_given_and_refreshed_by_the_next_request() {
    let control = [("cache-control", "max-age=10, stale-while-revalidate=60")];
    let world = World::new(move |_| answer(&control, "a"));
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    world.pass(15);
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=-5; detail=second-tier");
    assert_eq!((world.calls(), b.cache.stats().total.stale_hits), (1, 1));
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=-5");
    tokio::task::yield_now().await;
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=10");
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_in_the_background_takes_what_another_process_has_fetched() {
    let control = [("cache-control", "max-age=10, stale-while-revalidate=60")];
    let world = World::new(move |_| answer(&control, "a"));
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    b.get("/a").await;
    world.pass(15);
    a.get("/a").await;
    tokio::task::yield_now().await;
    assert_eq!(world.calls(), 2);
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=-5");
    tokio::task::yield_now().await;
    assert_eq!(b.get("/a").await.told(), "weir; hit; ttl=10");
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_made_up_for_by_what_is_below() {
    let control = [("cache-control", "max-age=10, stale-if-error=60")];
    let fails = std::sync::atomic::AtomicBool::new(false);
    let world = World::new(move |_| {
        let mut response = answer(&control, "a");
        if fails.swap(true, std::sync::atomic::Ordering::Relaxed) {
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        }
        response
    });
    let (a, b) = (world.process(), world.process());
    a.get("/a").await;
    world.pass(15);
    let got = b.get("/a").await;
    assert_eq!((got.status.as_u16(), got.text()), (200, "a"));
    assert_eq!(
        got.told(),
        "weir; fwd=stale; fwd-status=502; ttl=-5; detail=stale-if-error".replace("; ttl=-5", "")
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_is_taken_from_the_whole_below_and_parts_stay_here() {
    let world = World::new(|request| {
        let control = ("cache-control", "max-age=60");
        if request.headers().contains_key("range") && request.uri().path() == "/parts" {
            let mut response =
                answer(&[control, ("content-range", "bytes 0-1/4"), ("etag", "\"1\"")], "ab");
            *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
            return response;
        }
        answer(&[control, ("etag", "\"1\"")], "abcd")
    });
    let (a, b) = (world.process(), world.process());
    a.get("/whole").await;
    let got = b.get_with("/whole", &[("range", "bytes=1-2")]).await;
    assert_eq!((got.status.as_u16(), got.text(), world.calls()), (206, "bc", 1));

    let written = world.server.state().written;
    a.get_with("/parts", &[("range", "bytes=0-1")]).await;
    assert_eq!(a.get_with("/parts", &[("range", "bytes=0-0")]).await.text(), "a");
    assert_eq!((world.calls(), world.server.state().written), (2, written));
}

#[tokio::test(start_paused = true)]
async fn only_from_the_cache_means_from_memory() {
    let world = World::counting();
    world.process().get("/a").await;
    let b = world.process();
    let got = b.get_with("/a", &[("cache-control", "only-if-cached")]).await;
    assert_eq!((got.status.as_u16(), world.calls()), (504, 1));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_answered_from_what_was_promoted() {
    let world = World::counting();
    world.process().get("/a").await;
    let b = world.process();
    b.get("/a").await;
    let got = b.send(asking(Method::HEAD, "/a", &[])).await;
    assert_eq!((got.told(), got.text(), world.calls()), ("weir; hit; ttl=60", "", 1));
}

#[tokio::test(start_paused = true)]
async fn caches_of_other_names_share_nothing() {
    let world = World::counting();
    world.process_with(|layer| layer.named("one")).get("/a").await;
    world.process_with(|layer| layer.named("other")).get("/a").await;
    assert_eq!(world.calls(), 2);
}
