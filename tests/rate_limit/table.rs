//! The table: nothing passes too often, whatever threads and floods do.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::Duration,
};

use tower_weir::{
    clock::Clock,
    key::KeySeed,
    rate_limit::{Limiter, Quota, Table},
};

fn limiter(quota: Quota, table: &Table) -> (Limiter, tower_weir::clock::ManualClock) {
    let (clock, hand) = Clock::manual();
    (Limiter::new(quota).table(table.clone()).clock(clock), hand)
}

#[test]
fn capacity_in_keys_and_in_bytes() {
    assert_eq!(Table::with_capacity(1_000).stats().slots, 2_048);
    assert_eq!(Table::with_capacity(0).stats().slots, 4);
    assert_eq!(Table::with_max_bytes(1 << 20).stats().slots, (1 << 20) / 16);
    assert_eq!(Table::with_max_bytes((1 << 21) - 1).stats().slots, (1 << 20) / 16);
    assert_eq!(Table::with_max_bytes(0).stats().slots, 8);
    assert_eq!(Table::with_capacity(Table::DEFAULT_CAPACITY).stats().slots * 16, 2 << 20);
}

#[test]
fn keys_do_not_meet() {
    let table = Table::with_capacity(10_000);
    let (limiter, _) = limiter(Quota::per_second(2), &table);
    for round in 0..3 {
        for key in 0..5_000 {
            assert_eq!(limiter.check(&key).is_ok(), round < 2, "key {key}, round {round}");
        }
    }
    assert_eq!(table.stats().used, 5_000);
    assert_eq!(table.stats().evictions, 0);
}

#[test]
fn a_key_comes_back_as_its_debt_runs_out() {
    let (limiter, hand) = limiter(Quota::per_second(4).burst(2), &Table::with_capacity(16));
    assert!(limiter.check(&1).is_ok());
    assert!(limiter.check(&1).is_ok());
    let denied = limiter.check(&1).unwrap_err();
    assert_eq!(denied.retry_after(), Some(Duration::from_millis(250)));
    hand.advance(Duration::from_nanos(249_999_999));
    assert!(limiter.check(&1).is_err());
    hand.advance(Duration::from_nanos(1));
    assert!(limiter.check(&1).is_ok());
    assert!(limiter.check(&1).is_err());
    assert_eq!(limiter.check_n(&1, 3).unwrap_err().retry_after(), None);
    hand.turn_back(Duration::from_secs(60));
    assert!(limiter.check(&1).is_err());
}

#[test]
fn a_denied_or_free_request_takes_no_room() {
    let table = Table::with_capacity(64);
    let (limiter, _) = limiter(Quota::per_second(2), &table);
    for key in 0..1_000 {
        assert!(limiter.check_n(&key, 3).is_err());
        assert!(limiter.check_n(&key, 0).is_ok());
    }
    assert_eq!(table.stats().used, 0);
}

#[test]
fn a_flood_of_keys_washes_no_abuser_out() {
    let table = Table::seeded(1_000, KeySeed::fixed([1, 2]));
    let (limiter, hand) = limiter(Quota::per_minute(10), &table);
    let abuser = |n: u32| format!("abuser {n}");
    for n in 0..100 {
        assert!(limiter.check_n(&abuser(n), 10).is_ok());
    }
    for key in 0..100_000 {
        assert!(limiter.check(&key).is_ok(), "a fresh key always passes");
        hand.advance(Duration::from_micros(10));
    }
    let stats = table.stats();
    assert_eq!(stats.slots, 2_048);
    assert!(stats.evictions > 90_000 && stats.lost_debt > Duration::from_secs(1), "{stats:?}");
    let loose = (0..100).filter(|n| limiter.check(&abuser(*n)).is_ok()).count();
    assert_eq!(loose, 0, "abusers owe most, so they are the last to make room");
}

#[test]
fn expired_keys_make_room_without_loss() {
    // Ten keys owe at a time, far too few for any seed to bring eight of them to the same two lines.
    let table = Table::with_capacity(1_024);
    let (limiter, hand) = limiter(Quota::per_second(1), &table);
    for key in 0..10_000 {
        assert!(limiter.check(&key).is_ok());
        hand.advance(Duration::from_millis(100));
    }
    let stats = table.stats();
    assert_eq!((stats.evictions, stats.lost_debt), (0, Duration::ZERO), "{stats:?}");
}

/// Threads on few keys and many at a standing clock: each key passes exactly its burst, all together.
#[test]
fn threads_pass_exactly_the_burst_together() {
    const THREADS: u32 = 4;
    for (keys, burst) in [(1, 10_000), (7, 1_000), (500, 20)] {
        let table = Table::with_capacity(4_096);
        let (limiter, _) = limiter(Quota::per_hour(burst), &table);
        let passed: Vec<AtomicU32> = (0..keys).map(|_| AtomicU32::new(0)).collect();
        thread::scope(|scope| {
            for offset in 0..THREADS {
                let (limiter, passed) = (limiter.clone(), &passed);
                scope.spawn(move || {
                    for n in 0..keys * burst {
                        let key = (n + offset * 13) % keys;
                        if limiter.check(&key).is_ok() {
                            passed[key as usize].fetch_add(1, Relaxed);
                        }
                    }
                });
            }
        });
        assert!(passed.iter().all(|passed| passed.load(Relaxed) == burst), "{passed:?}");
    }
}

/// The same while new keys fight for the same few lines. Every request that passes beyond a key's burst needs a debt that
/// was lost by eviction, and those are counted to the nanosecond.
#[test]
fn what_passes_too_often_under_a_flood_is_counted_as_lost_debt() {
    let table = Table::with_capacity(16);
    let quota = Quota::per_hour(100);
    let (limiter, _) = limiter(quota, &table);
    let passed = AtomicU32::new(0);
    thread::scope(|scope| {
        for thread in 0..4u32 {
            let (limiter, passed) = (limiter.clone(), &passed);
            scope.spawn(move || {
                for n in 0..20_000u32 {
                    let key = (n * 7 + thread) % 200;
                    passed.fetch_add(u32::from(limiter.check(&key).is_ok()), Relaxed);
                }
            });
        }
    });
    let stats = table.stats();
    // 36 s: whole microseconds, so the count is exact.
    let interval = quota.interval().as_nanos();
    let lost = stats.lost_debt.as_nanos();
    assert_eq!(lost % interval, 0);
    // What still stands in the table is at most a burst a slot.
    let most = lost / interval + u128::from(stats.slots * 100);
    assert!(u128::from(passed.load(Relaxed)) <= most, "{passed:?} of at most {most}");
    assert!(stats.evictions > 0);
}
