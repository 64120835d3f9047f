use std::sync::Arc;

use proptest::prelude::*;

use super::{super::Matcher, *};
use crate::cache::Pattern;

const CACHE: u64 = 1000;
const OTHER_CACHE: u64 = 1001;

fn entry(born: u64, uri: &str, tags: &[u64]) -> Entry {
    Entry {
        tags: tags.into(),
        uri: uri.into(),
        born,
        outlived: AtomicU64::new(born),
        ..Entry::of_nothing()
    }
}

fn tagged(tag: u64) -> Entry {
    entry(0, "/", &[tag])
}

fn pattern(text: &str) -> Matcher {
    Matcher::pattern(CACHE, text.parse::<Pattern>().unwrap())
}

#[test]
fn a_purge_of_a_tag_leaves_all_others() {
    let purges = Purges::default();
    let entries: Vec<_> = (0..1_000).map(tagged).collect();
    purges.purge(&Purge::Tag(500));
    for (tag, entry) in entries.iter().enumerate() {
        assert_eq!(purges.concerns(entry), tag == 500, "{tag}");
        assert_eq!(purges.concerns(entry), tag == 500, "{tag}, asked again");
    }
}

#[test]
fn any_tag_of_an_entry_will_do() {
    let purges = Purges::default();
    let entry = entry(0, "/", &[1, 2, 3]);
    purges.purge(&Purge::Tag(4));
    assert!(!purges.concerns(&entry));
    purges.purge(&Purge::Tag(2));
    assert!(purges.concerns(&entry));
}

#[test]
fn what_was_asked_for_before_a_purge_and_comes_after_it_is_purged() {
    let purges = Purges::default();
    let sent = purges.epoch();
    purges.purge(&Purge::Tag(1));
    assert!(purges.concerns(&entry(sent, "/", &[1])));
    assert!(!purges.concerns(&entry(sent, "/", &[2])));
    assert!(!purges.concerns(&entry(purges.epoch(), "/", &[1])), "asked for after the purge");
}

#[test]
fn what_was_purged_stays_purged() {
    let purges = Purges::default();
    let (old, other) = (tagged(1), tagged(2));
    purges.purge(&Purge::Tag(1));
    assert!(purges.concerns(&old));
    purges.purge(&Purge::Tag(3));
    assert!(purges.concerns(&old) && !purges.concerns(&other));
}

#[test]
fn a_purge_of_everything_is_of_everything_until_then() {
    let purges = Purges::default();
    let old = tagged(1);
    purges.purge(&Purge::Tag(7));
    purges.purge(&Purge::All);
    assert!(purges.concerns(&old));
    assert!(!purges.concerns(&entry(purges.epoch(), "/", &[7])));
}

#[test]
fn prefixes_and_patterns_are_of_one_cache() {
    let purges = Purges::default();
    let of = |cache, uri| entry(0, uri, &[cache]);
    let all = || {
        [
            of(CACHE, "https://example.com/users/7"),
            of(CACHE, "https://example.com/users/7/posts"),
            of(CACHE, "https://example.org/users/7"),
            of(OTHER_CACHE, "https://example.com/users/7"),
        ]
    };
    let concerned = |matcher| {
        let entries = all();
        purges.purge(&Purge::All);
        entries.iter().for_each(|entry| entry.outlived.store(purges.epoch(), Ordering::Relaxed));
        purges.purge(&Purge::Matching(matcher));
        entries.map(|entry| purges.concerns(&entry))
    };
    let prefix = |prefix| Matcher::prefix(CACHE, prefix);
    assert_eq!(concerned(prefix("https://example.com/users/")), [true, true, false, false]);
    assert_eq!(concerned(prefix("/users/7")), [true, true, true, false]);
    assert_eq!(concerned(prefix("/7")), [false; 4]);
    assert_eq!(concerned(pattern("https://example.com/users/*")), [true, false, false, false]);
    assert_eq!(concerned(pattern("/users/*")), [true, false, true, false]);
    assert_eq!(concerned(pattern("**/7")), [true, false, true, false]);
}

#[test]
fn a_purge_touches_no_entry_and_an_entry_is_looked_up_once_for_it() {
    let purges = Purges::default();
    let entries: Vec<_> = (0..1_000).map(tagged).collect();
    let untouched = |entry: &Entry| entry.outlived.load(Ordering::Relaxed) == 0;
    purges.purge(&Purge::Tag(5_000));
    purges.purge(&Purge::Matching(pattern("/somewhere/**")));
    assert!(entries.iter().all(untouched));
    assert!(!purges.concerns(&entries[3]));
    assert!(entries[3].has_outlived(purges.epoch()));
    assert_eq!(entries.iter().filter(|entry| !untouched(entry)).count(), 1);
}

#[test]
fn without_a_new_purge_no_lock_is_taken() {
    let purges = Purges::default();
    purges.purge(&Purge::Tag(1));
    let (lives, purged) = (tagged(2), tagged(1));
    let answers = || (purges.concerns(&lives), purges.concerns(&purged));
    assert_eq!(answers(), (false, true));
    let locked = purges.records.lock().unwrap();
    assert_eq!(answers(), (false, true));
    drop(locked);
}

#[test]
fn a_purge_that_is_repeated_takes_no_more_room() {
    let purges = Purges::bounded(Bounds { tags: 2, matchers: 2 });
    let untouched = tagged(3);
    for _ in 0..100 {
        purges.purge(&Purge::Tag(1));
        purges.purge(&Purge::Tag(2));
        purges.purge(&Purge::Matching(pattern("/a")));
        purges.purge(&Purge::Matching(pattern("/b")));
        assert!(!purges.concerns(&untouched));
    }
}

#[test]
fn past_the_bound_the_older_half_purges_all_that_is_as_old() {
    let purges = Purges::bounded(Bounds { tags: 4, matchers: 4 });
    let asked_for = tagged(100);
    (1..=4).for_each(|tag| purges.purge(&Purge::Tag(tag)));
    assert!(!purges.concerns(&asked_for));
    purges.purge(&Purge::Tag(5));

    let born = |epoch, tag| entry(epoch, "/", &[tag]);
    assert!(purges.concerns(&born(2, 100)), "purges 1 to 3 are one of everything");
    assert!(!purges.concerns(&born(3, 100)));
    assert!(purges.concerns(&born(3, 4)), "4 and 5 are still known");
    assert!(!purges.concerns(&born(4, 4)));
    assert!(!purges.concerns(&asked_for), "it was found to outlive purge 4 while that was known");
}

#[test]
fn matchers_past_the_bound_fold_too() {
    let purges = Purges::bounded(Bounds { tags: 4, matchers: 2 });
    let of = |born| entry(born, "/d", &[CACHE]);
    ["/a", "/b", "/c"].iter().for_each(|text| purges.purge(&Purge::Matching(pattern(text))));
    assert!(purges.concerns(&of(1)), "purges 1 and 2 are one of everything");
    assert!(!purges.concerns(&of(2)));
    assert!(purges.concerns(&entry(2, "/c", &[CACHE])));
}

#[derive(Clone, Debug)]
enum Step {
    /// Asks for an entry, whose answer comes later.
    Send {
        tag: u64,
        uri: &'static str,
    },
    PurgeTag(u64),
    PurgePrefix(&'static str),
    PurgeAll,
    /// Asks about the entry that was sent for so many before the last.
    Look(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let uri = || prop::sample::select(vec!["/a", "/a/b", "/b", "/c/d"]);
    let step = prop_oneof![
        4 => (0..8_u64, uri()).prop_map(|(tag, uri)| Step::Send { tag, uri }),
        3 => (0..8_u64).prop_map(Step::PurgeTag),
        1 => uri().prop_map(Step::PurgePrefix),
        1 => Just(Step::PurgeAll),
        8 => (0..20_usize).prop_map(Step::Look),
    ];
    prop::collection::vec(step, 1..200)
}

/// Plays the steps; for each look at an entry, whether a purge since it was sent for was of it, and whether it is held to be
/// purged.
fn play(bounds: Bounds, steps: &[Step]) -> Vec<(bool, bool)> {
    let purges = Purges::bounded(bounds);
    let mut sent: Vec<(Arc<Entry>, bool)> = Vec::new();
    let mut looks = Vec::new();
    for step in steps {
        let mut note = |is_of: &dyn Fn(&Entry) -> bool| {
            sent.iter_mut().for_each(|(entry, purged)| *purged |= is_of(entry));
        };
        match *step {
            Step::Send { tag, uri } => {
                sent.push((Arc::new(entry(purges.epoch(), uri, &[CACHE, tag])), false));
            }
            Step::PurgeTag(tag) => {
                purges.purge(&Purge::Tag(tag));
                note(&|entry| entry.tags.contains(&tag));
            }
            Step::PurgePrefix(prefix) => {
                purges.purge(&Purge::Matching(Matcher::prefix(CACHE, prefix)));
                note(&|entry| entry.uri.starts_with(prefix));
            }
            Step::PurgeAll => {
                purges.purge(&Purge::All);
                note(&|_| true);
            }
            Step::Look(back) => {
                let looked_at = sent.iter().rev().nth(back);
                looks.extend(looked_at.map(|(entry, purged)| (*purged, purges.concerns(entry))));
            }
        }
    }
    looks
}

proptest! {
    #[test]
    fn exactly_what_was_purged_is_held_to_be(steps in steps()) {
        for (purged, held) in play(Bounds::default(), &steps) {
            prop_assert_eq!(purged, held);
        }
    }

    #[test]
    fn whatever_was_purged_is_held_to_be_however_little_is_remembered(
        steps in steps(),
        tags in 1..6_usize,
        matchers in 1..4_usize,
    ) {
        for (purged, held) in play(Bounds { tags, matchers }, &steps) {
            prop_assert!(held || !purged);
        }
    }
}
