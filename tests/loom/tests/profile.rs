//! The races of a profile's cells: threads that count beside each other, and one that reads.
#![cfg(weir_loom)]

use loom::{model::Builder, thread};
use tower_weir::{
    clock::Clock,
    profile::{OperationSnapshot, Profile, Window},
};

/// Every schedule with at most so many preemptions.
fn explore(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(test);
}

/// A profile that knows the operation: the map of names is not what is looked at.
fn profile() -> Profile {
    let profile = Profile::new().clock(Clock::manual().0);
    drop(profile.operation("work"));
    profile
}

fn work(profile: &Profile) {
    drop(profile.operation("work").start());
}

fn read(profile: &Profile) -> OperationSnapshot {
    profile.snapshot().operations.remove(0)
}

/// All that was counted is there, once.
fn counted(profile: &Profile) -> u64 {
    let read = read(profile);
    let stats = read.stats(Window::Lifetime);
    assert_eq!((read.in_flight, stats.successes), (0, stats.count));
    let latency = stats.latency.as_ref().map_or(0, |latency| latency.histogram.count());
    assert_eq!(latency, stats.count);
    for window in Window::ALL {
        assert_eq!(read.stats(window).count, stats.count);
    }
    stats.count
}

#[test]
fn nothing_is_lost_while_somebody_reads() {
    explore(3, || {
        let profile = profile();
        let other = profile.clone();
        let thread = thread::spawn(move || {
            work(&other);
            work(&other);
        });
        let first = read(&profile);
        let count = first.stats(Window::Lifetime).count;
        assert!(count + first.in_flight <= 2, "{first:?}");
        // What is read later is no less.
        let second = read(&profile);
        assert!(second.stats(Window::Lifetime).count >= count);
        thread.join().unwrap();
        assert_eq!(counted(&profile), 2);
    });
}

#[test]
fn threads_count_beside_each_other_also_those_that_share_a_shard() {
    explore(3, || {
        let profile = profile();
        // Two have shards of their own, two share one.
        let spawn = || {
            let profile = profile.clone();
            thread::spawn(move || work(&profile))
        };
        let threads = [(); 3].map(|()| spawn());
        work(&profile);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(counted(&profile), 4);
    });
}
