use std::time::Duration;

use tower_weir::{
    concurrency::{Limit, Sample, Windowed},
    verdict::Verdict,
};

use crate::sample;

/// Remembers what it hears.
#[derive(Default)]
struct Heard(Vec<Sample>);

impl Limit for Heard {
    fn limit(&self) -> usize {
        self.0.len()
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.0.push(*sample);
        self.limit()
    }
}

/// How many times the limit inside heard of an answer.
fn heard(samples: &[Sample]) -> usize {
    let mut limit = Windowed::new(Heard::default()).window(Duration::from_millis(100));
    samples.iter().map(|sample| limit.on_sample(sample)).last().unwrap()
}

#[test]
fn a_window_ends_after_its_time_and_more_than_ten_answers() {
    let spread = |count: u64, over: u64| -> Vec<_> {
        (0..=count).map(|nth| sample(nth * over / count, 10, 1, Verdict::Success)).collect()
    };
    assert_eq!(heard(&spread(99, 99)), 0, "too short");
    assert_eq!(heard(&spread(9, 1_000)), 0, "too few");
    assert_eq!(heard(&spread(10, 1_000)), 1);
    assert_eq!(heard(&spread(100, 100)), 1);
    assert_eq!(heard(&spread(1_000, 1_000)), 10);
}

#[test]
fn it_tells_the_mean_the_peak_and_whether_there_was_an_overload() {
    let told = |verdict| {
        let mut limit = Windowed::new(Gradients::default()).window(Duration::from_millis(10));
        for now in 0..=10 {
            let rtt = if now % 2 == 0 { 10 } else { 20 };
            limit.on_sample(&sample(now, rtt, now as usize, Verdict::Success));
        }
        limit.on_sample(&sample(20, 1, 1, verdict))
    };
    #[derive(Default)]
    struct Gradients(usize);
    impl Limit for Gradients {
        fn limit(&self) -> usize {
            self.0
        }
        fn on_sample(&mut self, sample: &Sample) -> usize {
            assert_eq!(sample.in_flight, 10);
            assert_eq!(sample.verdict, Verdict::Success);
            self.0 = sample.rtt.as_millis() as usize;
            self.0
        }
    }
    assert_eq!(told(Verdict::Ignored), 14, "(6 * 10 + 5 * 20) / 11");
}
