use tower_weir::{
    concurrency::{Fixed, Limit},
    verdict::Verdict,
};

use crate::sample;

#[test]
fn a_fixed_limit_stays() {
    let mut limit = Fixed::new(7);
    for verdict in [Verdict::Success, Verdict::Overload, Verdict::Failure] {
        assert_eq!(limit.on_sample(&sample(0, 5_000, 7, verdict)), 7);
    }
}
