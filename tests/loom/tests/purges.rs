//! The races of purges with those who ask whether an entry was purged.
#![cfg(weir_loom)]

use std::sync::Arc;

use loom::{
    model,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use tower_weir::cache::PurgesModel;

#[test]
fn whoever_knows_of_a_purge_holds_the_entry_to_be_purged() {
    model(|| {
        let purges = Arc::new(PurgesModel::default());
        let purged = Arc::new(AtomicBool::new(false));
        let purging = {
            let (purges, purged) = (Arc::clone(&purges), Arc::clone(&purged));
            thread::spawn(move || {
                purges.purge_tag(9);
                purges.purge_tag(2);
                purged.store(true, Ordering::Release);
            })
        };
        let knows = purged.load(Ordering::Acquire);
        let concerned = purges.concerns_entry();
        assert!(concerned || !knows);
        assert!(purges.concerns_entry() || !concerned, "it was purged and is no longer");
        purging.join().unwrap();
        assert!(purges.concerns_entry());
    });
}

#[test]
fn purges_by_two_count_twice_and_neither_is_lost() {
    model(|| {
        let purges = Arc::new(PurgesModel::default());
        let other = {
            let purges = Arc::clone(&purges);
            thread::spawn(move || purges.purge_tag(1))
        };
        purges.purge_all();
        other.join().unwrap();
        assert_eq!(purges.epoch(), 2);
        assert!(purges.concerns_entry());
    });
}

#[test]
fn whoever_is_asked_for_after_a_purge_sees_what_was_done_before_it() {
    model(|| {
        let purges = Arc::new(PurgesModel::default());
        let changed = Arc::new(AtomicBool::new(false));
        let purging = {
            let (purges, changed) = (Arc::clone(&purges), Arc::clone(&changed));
            thread::spawn(move || {
                changed.store(true, Ordering::Relaxed);
                purges.purge_tag(1);
            })
        };
        if purges.epoch() == 1 {
            assert!(
                changed.load(Ordering::Relaxed),
                "an answer from before would outlive the purge"
            );
        }
        purging.join().unwrap();
    });
}
