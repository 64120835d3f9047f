use tower_weir::{
    concurrency::{Bounds, Limit, VerifiedGradient},
    verdict::Verdict,
};

use crate::{answers, sample};

fn limit() -> VerifiedGradient {
    VerifiedGradient::default().bounds(Bounds::new(2, 16, 1_000))
}

#[test]
fn doubles_until_the_first_queue() {
    let mut limit = limit();
    assert_eq!(answers(&mut limit, 0, 50, 10), 32);
    assert!(answers(&mut limit, 50, 200, 10) >= 256);
}

#[test]
fn takes_off_what_waits() {
    let mut limit = limit();
    answers(&mut limit, 0, 50, 10);
    let before = limit.limit();
    // One in a millisecond, each of which waits for 20 ms: 20 wait, of which 2 and the root of the limit are tolerated. The first
    // window still has some that did not wait.
    let after = answers(&mut limit, 50, 400, 30);
    assert!(before == 32 && after < 20, "{before} -> {after}");
}

#[test]
fn an_overload_takes_a_tenth_once_a_window() {
    let mut limit = limit().bounds(Bounds::new(2, 100, 1_000));
    for now in 0..100 {
        limit.on_sample(&sample(now, 0, 100, Verdict::Overload));
    }
    assert_eq!(limit.limit(), 90);
    limit.on_sample(&sample(100, 0, 100, Verdict::Overload));
    assert_eq!(limit.limit(), 81);
}

#[test]
fn errors_say_nothing() {
    for verdict in [Verdict::ClientError, Verdict::Failure, Verdict::Ignored] {
        let mut limit = limit();
        for now in 0..5_000 {
            limit.on_sample(&sample(now, 1, 16, verdict));
        }
        assert_eq!(limit.limit(), 16);
    }
}

#[test]
fn without_need_it_stays_near_what_is_under_way() {
    let mut limit = limit().bounds(Bounds::new(2, 500, 1_000));
    for now in 0..60_000 {
        limit.on_sample(&sample(now, 10, 10, Verdict::Success));
    }
    assert_eq!(limit.limit(), 15, "half more than there were");
}

#[test]
fn latency_that_grows_below_the_limit_does_not_raise_it() {
    let mut limit = limit();
    for now in 0..10_000 {
        limit.on_sample(&sample(now, 10, 10, Verdict::Success));
    }
    let before = limit.limit();
    for now in 10_000..20_000 {
        limit.on_sample(&sample(now, 40, before - 1, Verdict::Success));
    }
    assert_eq!(limit.limit(), before);
}
