use std::time::Duration;

use tower_weir::clock::Clock;

use crate::{
    recorded::recorded,
    server::Mood,
    world::{World, answer},
};

const READS: &str = "weir_cache_second_tier_total{cache=weir,outcome=";
const WRITES: &str = "weir_cache_second_tier_writes_total{cache=weir,outcome=";

/// What was counted of reads and writes in a test that is run on a runtime of its own.
fn counted<F: Future>(test: impl FnOnce() -> F) -> Vec<(String, u64)> {
    let counted = recorded(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(test());
    });
    let short = |name: &str| {
        let read = name.strip_prefix(READS).map(|rest| rest.trim_end_matches('}').to_owned());
        let written =
            || name.strip_prefix(WRITES).map(|rest| format!("w:{}", rest.trim_end_matches('}')));
        read.or_else(written)
    };
    counted.iter().filter_map(|(name, value)| Some((short(name)?, *value as u64))).collect()
}

fn counts(of: &[(&str, u64)]) -> Vec<(String, u64)> {
    of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_tier_that_fails_or_hangs_is_as_if_it_had_nothing() {
    for mood in [Mood::Failing, Mood::Hanging] {
        let counted = counted(|| async move {
            let world = World::counting();
            world.server.is(mood);
            let a = world.process();
            assert_eq!(a.get("/a").await.told(), "weir; fwd=uri-miss; stored");
            assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60");
            world.server.is(Mood::Well);
            assert_eq!(a.get("/b").await.text(), "call 1");
        });
        let first = if mood == Mood::Failing {
            &[("miss", 1), ("unavailable", 1), ("w:failed", 1), ("w:written", 1)][..]
        } else {
            &[("miss", 1), ("unavailable", 1), ("w:written", 2)]
        };
        assert_eq!(counted, counts(first), "{mood:?}");
    }
}

#[test]
fn what_a_tier_garbles_is_not_used() {
    let counted = counted(|| async {
        let world = World::counting();
        world.server.is(Mood::Garbling);
        world.process().get("/a").await;
        assert_eq!(world.process().get("/a").await.text(), "call 1");
    });
    assert_eq!(counted, counts(&[("corrupt", 1), ("miss", 1), ("w:written", 2)]));
}

#[test]
fn what_is_kept_under_the_key_of_another_is_not_used() {
    let counted = counted(|| async {
        let world = World::counting();
        let a = world.process();
        a.get("/a").await;
        a.get("/b").await;
        world.server.mix_up();
        let b = world.process();
        assert_eq!((b.get("/a").await.text(), b.get("/b").await.text()), ("call 2", "call 3"));
    });
    assert_eq!(counted, counts(&[("miss", 4), ("w:written", 4)]));
}

#[test]
fn what_is_not_written_is_counted() {
    let counted = counted(|| async {
        let world = World::counting();
        let a = world.process();
        for (mood, uri) in [(Mood::Full, "/a"), (Mood::Small, "/b"), (Mood::Well, "/c")] {
            world.server.is(mood);
            a.get(uri).await;
        }
        assert_eq!(world.server.records(), 1);
    });
    assert_eq!(
        counted,
        counts(&[("miss", 3), ("w:dropped", 1), ("w:too_large", 1), ("w:written", 1)])
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_larger_than_is_allowed_here_is_not_taken_from_below() {
    let world = World::new(|_| answer(&[("cache-control", "max-age=60")], vec![0; 5_000]));
    world.process().get("/a").await;
    let small = world.process_with(|layer| layer.max_object_bytes(4_999));
    assert_eq!(small.get("/a").await.body.len(), 5_000);
    assert_eq!(world.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_tier_for_ever() {
    let world = World::counting();
    world.server.is(Mood::Hanging);
    let (a, clock) = (world.process(), Clock::runtime());
    let before = clock.now();
    a.get("/a").await;
    assert_eq!(clock.now().saturating_since(before), Duration::from_secs(1));
}
