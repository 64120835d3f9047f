use tower_weir::cache::Fingerprint;

use crate::world::{World, answer};

const TOKEN: [(&str, &str); 1] = [("authorization", "Bearer a")];

#[tokio::test(start_paused = true)]
async fn what_is_not_for_the_authorized_is_not_given_to_them() {
    let world = World::counting();
    world.process().get("/a").await;
    let b = world.process();
    assert_eq!(b.get_with("/a", &TOKEN).await.text(), "call 1");
    assert_eq!(b.get("/a").await.text(), "call 0");
}

#[tokio::test(start_paused = true)]
async fn what_says_that_it_is_public_is_given_to_all() {
    let world = World::new(|_| answer(&[("cache-control", "public, max-age=60")], "a"));
    world.process().get_with("/a", &TOKEN).await;
    assert_eq!(world.process().get("/a").await.text(), "a");
    assert_eq!(world.process().get_with("/a", &TOKEN).await.text(), "a");
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn cookies_count_below_as_they_do_here() {
    let world = World::new(|_| answer(&[], "a"));
    let process =
        || world.process_with(|layer| layer.default_ttl(std::time::Duration::from_secs(60)));
    process().get("/a").await;
    process().get_with("/a", &[("cookie", "id=1")]).await;
    assert_eq!(world.calls(), 2);
    process().get("/a").await;
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn processes_that_tell_requests_apart_differently_share_nothing() {
    let world = World::counting();
    world.process().get("/a?b=1&c=2").await;
    let fingerprint = || Fingerprint::builder().query(tower_weir::cache::Query::without(["b"]));
    let other = world.process_with(|layer| layer.fingerprint(fingerprint()));
    assert_eq!(other.get("/a?b=1&c=2").await.text(), "call 1");
}
