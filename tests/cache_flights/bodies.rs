//! Bodies that many read while they come.

use std::{pin::pin, time::Duration};

use http_body_util::BodyExt;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn whoever_comes_in_the_middle_reads_from_the_beginning() {
    let gate = Gate::default();
    let held = gate.clone();
    let world =
        World::plain(move |_, _| Play::fresh([data("a"), Step::Wait(held.clone()), data("b")]));
    let mut first = pin!(world.head(get()).await.unwrap().into_body());
    assert_eq!(first.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    let mut second = pin!(world.head(get()).await.unwrap().into_body());
    assert_eq!(
        second.frame().await.unwrap().unwrap().into_data().unwrap(),
        "a",
        "it need not wait"
    );
    gate.open();
    for mut body in [first, second] {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        assert!(body.frame().await.is_none());
    }
    assert_eq!(world.calls(), 1);
    assert!(world.get().await.told().contains("; hit"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_keeps_nobody_waiting() {
    let body: Vec<_> = (0..100).flat_map(|n| [data(format!("{n},")), Step::Pause]).collect();
    let world = World::plain(move |_, _| Play::fresh(body.clone()));
    let (fast, slow) = (world.spawn(get()), world.head(get()).await.unwrap());
    let whole = fast.await.unwrap().unwrap().text;
    assert!(whole.ends_with("99,"));
    assert!(
        world.get().await.told().contains("; hit"),
        "it is stored before the slow one has read it"
    );
    assert_eq!(slow.into_body().collect().await.unwrap().to_bytes(), whole);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_does_so_for_all_and_is_not_stored() {
    let gate = Gate::default();
    let held = gate.clone();
    let world = World::plain(move |_, call| match call {
        0 => Play::fresh([data("a"), Step::Wait(held.clone()), data("b"), Step::Error]),
        _ => Play::fresh([data("whole")]),
    });
    let clients = [world.start(get()).await, world.start(get()).await, world.start(get()).await];
    gate.open();
    for client in clients {
        assert!(client.await.unwrap().unwrap().broken.is_some());
    }
    assert_eq!(world.get().await.text, "whole");
    assert_eq!(world.calls(), 2);
}

/// A world whose body has `frames` frames of ten bytes, of which a hundred bytes may be stored.
fn large(frames: usize) -> World {
    World::new(
        |layer| layer.max_object_bytes(100),
        move |_, _| {
            let frame = |n| [data(format!("{n:09},")), Step::Pause];
            Play::fresh((0..frames).flat_map(frame).collect::<Vec<_>>())
        },
    )
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_reaches_all_who_read_it() {
    for frames in [9, 10, 11, 12, 500] {
        let world = large(frames);
        let clients: Vec<_> = (0..5).map(|_| world.spawn(get())).collect();
        for client in clients {
            let got = client.await.unwrap().unwrap();
            assert_eq!((got.text.len(), got.broken.is_some()), (frames * 10, false));
        }
        let stored = world.handle.stats().store.entries;
        assert_eq!((world.calls(), stored), (1, u64::from(frames <= 10)), "{frames} frames");
        world.calls_have_ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_read_a_large_body_is_left_behind() {
    let world = large(500);
    let (reading, idle) = (world.spawn(get()), world.head(get()).await.unwrap());
    let got = reading.await.unwrap().unwrap();
    assert_eq!((got.text.len(), got.broken.is_some()), (5_000, false));
    assert!(idle.into_body().collect().await.is_err(), "it is told that it has not got all");
    world.calls_have_ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_large_body_that_nobody_reads_any_more_is_given_up() {
    let world = large(1_000_000);
    let reading = world.head(get()).await.unwrap();
    settle().await;
    drop(reading);
    world.calls_have_ended().await;
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_and_that_never_ends_is_given_up() {
    let world = World::plain(|_, call| match call {
        0 => Play::fresh([data("a"), Step::Wait(Gate::default())]),
        _ => Play::fresh([data("whole")]),
    });
    drop(world.head(get()).await.unwrap());
    tokio::time::sleep(Duration::from_secs(31)).await;
    world.calls_have_ended().await;
    assert_eq!(world.get().await.text, "whole");
}

#[tokio::test(start_paused = true)]
async fn trailers_reach_all_who_read() {
    let trailers = http::HeaderMap::from_iter([("x-end".parse().unwrap(), "1".parse().unwrap())]);
    let sent = trailers.clone();
    let world = World::plain(move |_, _| {
        Play::fresh([data("a"), Step::Pause, data("b"), Step::Pause, Step::Trailers(sent.clone())])
    });
    let (first, second) = tokio::join!(world.head(get()), world.head(get()));
    let third = world.head(get()).await;
    settle().await;
    for response in [first, second, third, world.head(get()).await] {
        let body = response.unwrap().into_body().collect().await.unwrap();
        assert_eq!(body.trailers(), Some(&trailers));
        assert_eq!(body.to_bytes(), "ab");
    }
    assert_eq!(world.calls(), 1);
}

/// To hold a body of single bytes would take forty times as much room as what is in it.
#[tokio::test(start_paused = true)]
async fn a_body_in_very_many_small_frames_reaches_its_readers_and_is_not_stored() {
    for (frames, stored) in [(1_000, 1), (20_000, 0)] {
        let world = World::plain(move |_, _| Play::fresh(vec![data("x"); frames]));
        let clients = [world.spawn(get()), world.spawn(get())];
        for client in clients {
            let got = client.await.unwrap().unwrap();
            assert_eq!((got.text.len(), got.broken.is_some()), (frames, false));
        }
        assert_eq!(world.handle.stats().store.entries, stored);
    }
}
