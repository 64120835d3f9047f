use std::time::Duration;

use crate::stack::{
    file::{
        Fields, Node, Problem, Problems, Value,
        values::{
            at_least, boolean, duration, fraction, list_of, number, positive_duration, share,
        },
    },
    settings::Adaptive,
};

/// `true`, `false`, or when rates fall.
pub(in crate::stack::file) fn adaptive(
    node: &Node,
    problems: &mut Problems,
) -> Option<Option<Adaptive>> {
    if !matches!(node.value, Value::Table(_)) {
        return boolean(node, problems).map(|on| on.then(Adaptive::default));
    }
    let mut fields = Fields::of(node, "adaptive", problems)?;
    let latency_target = fields.take("latency_target", positive_duration);
    let mut adaptive = Adaptive { latency_target, ..Adaptive::default() };
    fields.set(&mut adaptive.interval, "interval", interval);
    fields.set(&mut adaptive.threshold, "threshold", fraction(0.0..=0.999));
    fields.set(&mut adaptive.min_volume, "min_volume", number(0..=u32::MAX));
    fields.set(&mut adaptive.decrease, "decrease", fraction(0.1..=0.999));
    fields.set(&mut adaptive.increase, "increase", share);
    fields.set(&mut adaptive.floor, "floor", fraction(0.001..=1.0));
    adaptive.scheduling_delay = fields.take("scheduling_delay", scheduling_delay);
    fields.finish();
    Some(Some(adaptive))
}

fn interval(node: &Node, problems: &mut Problems) -> Option<Duration> {
    let interval = at_least(Duration::from_millis(10))(node, problems)?;
    if interval <= Duration::from_secs(3_600) {
        return Some(interval);
    }
    problems.add(Problem::error(&node.place, "the interval is too long").label("an hour at most"));
    None
}

/// `["10ms", "100ms"]`: where rates begin to fall, and where they are at the floor.
fn scheduling_delay(node: &Node, problems: &mut Problems) -> Option<(Duration, Duration)> {
    match *list_of(duration)(node, problems)? {
        [soft, hard] if soft.as_secs_f64() < hard.as_secs_f64() => Some((soft, hard)),
        _ => {
            let message = "`scheduling_delay` is two delays, the lesser first";
            let help = "such as [\"10ms\", \"100ms\"]: where rates begin to fall, and where they are at the floor";
            let problem = Problem::error(&node.place, message).label("expected two delays");
            problems.add(problem.help(help));
            None
        }
    }
}
