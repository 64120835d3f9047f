use proptest::prelude::*;

use super::*;
use crate::sync::AtomicU64;

mod model;

fn entry(tag: u64, born: u64) -> Entry {
    Entry { tags: [tag].into(), born, outlived: AtomicU64::new(born), ..Entry::of_nothing() }
}

/// A process that has come to the second purge of log 7.
fn process() -> (Log, Purges) {
    let (mut log, local) = (Log::default(), Purges::default());
    log.catch_up(Position { log: 7, number: 2 }, 0, [], &local);
    (log, local)
}

const fn at(number: u64) -> Position {
    Position { log: 7, number }
}

fn tag(tag: u64) -> Bytes {
    Purge::Tag(tag).to_bytes()
}

#[test]
fn nothing_is_read_or_written_before_the_log_is_known() {
    let (mut log, local) = (Log::default(), Purges::default());
    assert!(!log.is_current());
    assert_eq!(log.born(&entry(1, 0), &local), None);
    assert!(!log.received(at(1), &tag(1), &local));
    assert_eq!(log.catch_up(at(1), 0, [(1, tag(1))], &local), 1);
    let fresh = entry(1, local.epoch());
    assert_eq!(log.born(&fresh, &local), Some(at(1)));
    assert!(log.has_outlived(&fresh, at(1)) && !log.has_outlived(&fresh, at(0)));
}

#[test]
fn messages_are_taken_over_in_their_order_only() {
    let (mut log, local) = process();
    assert!(!log.received(at(4), &tag(1), &local));
    assert!(log.received(at(3), &tag(3), &local));
    assert!(log.received(at(2), &tag(2), &local), "it is known");
    assert_eq!(log.position(), at(3));
    assert!(log.received(at(4), &tag(1), &local));
    assert!(!log.received(Position { log: 8, number: 5 }, &tag(1), &local));
}

#[test]
fn a_purge_of_this_process_waits_for_what_is_before_it_in_the_log() {
    let (mut log, local) = process();
    log.issue(&Purge::Tag(1), &local);
    let after = entry(1, local.epoch());
    assert_eq!(log.unsent(), [Unsent { issue: 1, purge: tag(1) }]);
    assert!(!log.has_outlived(&after, at(2)), "whatever is there was written before it");
    assert_eq!(log.born(&after, &local), None, "others would take it for older than the purge");

    assert!(!log.sent(1, at(4)));
    assert!(!log.has_unsent());
    assert_eq!(log.position(), at(2));
    assert!(!log.has_outlived(&after, at(2)));

    assert!(log.received(at(3), &tag(9), &local));
    assert_eq!(log.position(), at(4));
    assert_eq!(
        log.born(&after, &local),
        Some(at(4)),
        "it does not count against what came after it"
    );
    assert!(log.has_outlived(&after, at(4)) && !log.has_outlived(&after, at(3)));
}

#[test]
fn of_purges_of_the_same_one_is_sent_unless_it_was_handed_out() {
    let (mut log, local) = process();
    log.issue(&Purge::Tag(1), &local);
    log.issue(&Purge::Tag(2), &local);
    log.issue(&Purge::Tag(1), &local);
    assert_eq!(
        log.unsent(),
        [Unsent { issue: 2, purge: tag(2) }, Unsent { issue: 3, purge: tag(1) }]
    );
    log.issue(&Purge::Tag(1), &local);
    assert_eq!(log.unsent().len(), 3);
}

#[test]
fn with_too_many_that_nobody_takes_everything_is_purged_elsewhere() {
    let (mut log, local) = process();
    for number in 0..=MOST_UNSETTLED as u64 {
        log.issue(&Purge::Tag(number), &local);
    }
    let unsent = log.unsent();
    assert_eq!(unsent.len(), 1);
    assert_eq!(Purge::from_bytes(&unsent[0].purge), Purge::All);
    let other = entry(u64::MAX, local.epoch());
    assert!(!log.has_outlived(&other, at(2)));
    assert!(log.sent(unsent[0].issue, at(3)));
    assert!(log.has_outlived(&other, at(3)) && log.born(&other, &local) == Some(at(3)));
}

#[test]
fn another_log_begins_anew() {
    let (mut log, local) = process();
    log.issue(&Purge::Tag(1), &local);
    log.issue(&Purge::Tag(2), &local);
    log.unsent();
    assert!(!log.sent(1, Position { log: 8, number: 5 }));
    assert!(!log.is_current(), "nothing is known of that");
    let before = entry(3, local.epoch());
    log.catch_up(Position { log: 8, number: 5 }, 0, [(4, tag(4)), (5, tag(1))], &local);
    assert!(log.is_current() && local.concerns(&before));
    assert_eq!(log.position(), Position { log: 8, number: 5 });
    assert_eq!(log.unsent().len(), 2, "it cannot know that the fifth is its own");
}

/// Two processes purge the same; that of the other is the later one and is numbered first; the log keeps the last of the two,
/// which is this process's, and the message of the other's is lost.
#[test]
fn a_purge_of_this_process_does_not_hide_a_later_one_of_the_same_by_another() {
    for purge in [Purge::Tag(1), Purge::All] {
        let (mut log, local) = process();
        log.issue(&purge, &local);
        let between = entry(1, local.epoch());
        // Now the other purges, and has number 3.
        let issue = log.unsent()[0].issue;
        assert!(!log.sent(issue, at(4)));
        log.catch_up(at(4), 0, [(4, purge.to_bytes())], &local);
        assert_eq!(log.position(), at(4));
        assert!(local.concerns(&between), "it was asked for before the other's");
    }
}

#[test]
fn a_purge_of_this_process_counts_once_if_the_log_has_all_before_it() {
    let (mut log, local) = process();
    log.issue(&Purge::Tag(1), &local);
    let after = entry(1, local.epoch());
    let issue = log.unsent()[0].issue;
    assert!(!log.sent(issue, at(4)));
    log.catch_up(at(4), 0, [(3, tag(9)), (4, tag(1))], &local);
    assert!(!local.concerns(&after));
    assert_eq!(log.born(&after, &local), Some(at(4)));
}
