use std::time::Duration;

use humantime::format_duration;

use super::{
    checks::{conflict, no_effect},
    words::ON_MISSING_KEY,
};
use crate::stack::{
    file::{
        Fields, Node, Problems, Value,
        values::{at_least, boolean, duration, key, number, positive_duration, share, word},
    },
    settings::{CircuitBreaker, Key, Slow, Window},
};

/// As the layer has it: each takes two bytes, of each key.
const MOST_CALLS: u32 = 100_000;
const MOST_PROBES: u32 = 1_000;
const USUAL_SLOW_SHARE: f64 = 0.8;

/// `circuit_breaker`
pub(in crate::stack::file) fn circuit_breaker(
    node: &Node,
    problems: &mut Problems,
) -> Option<CircuitBreaker> {
    let mut fields = Fields::of(node, "circuit_breaker", problems)?;
    let mut breaker = CircuitBreaker::default();
    calls(&mut fields, &mut breaker);
    fields.set(&mut breaker.failure_share, "failure_share", share);
    slow(&mut fields, &mut breaker);
    open_time(&mut fields, &mut breaker);
    probes(&mut fields, &mut breaker);
    breaker.key = fields.take("key", key).filter(|key| *key != Key::Global);
    fields.set(&mut breaker.on_missing_key, "on_missing_key", word(&ON_MISSING_KEY));
    if breaker.key.is_none() {
        let because = "without a `key` there is one circuit for all requests";
        no_effect(&mut fields, "on_missing_key", "key", because, "leave it out, or add a key");
    }
    fields.set(&mut breaker.shadow, "shadow", boolean);
    fields.finish();
    Some(breaker)
}

fn calls(fields: &mut Fields<'_>, breaker: &mut CircuitBreaker) {
    let window = fields.value("window", breaker.window, window);
    let minimum = fields.take("minimum", number(1..=u32::MAX));
    let Some(window) = window else { return };
    breaker.window = window;
    // Of a short window all calls, unless it is said otherwise.
    breaker.minimum = match window {
        Window::Calls(calls) => minimum.unwrap_or(breaker.minimum.min(calls)),
        Window::Time(_) => minimum.unwrap_or(breaker.minimum),
    };
    if let Window::Calls(calls) = window
        && breaker.minimum > calls
    {
        let minimum = breaker.minimum;
        let message = format!("a window of {calls} calls never has a minimum of {minimum}");
        conflict(fields, "minimum", "window", message, "no more than the window's calls");
    }
}

/// `"10s"`, or a number of calls.
fn window(node: &Node, problems: &mut Problems) -> Option<Window> {
    match &node.value {
        Value::Integer(_) => number(1..=MOST_CALLS)(node, problems).map(Window::Calls),
        _ => at_least(Duration::from_millis(1))(node, problems).map(Window::Time),
    }
}

fn slow(fields: &mut Fields<'_>, breaker: &mut CircuitBreaker) {
    let from = fields.take("slow_from", duration).filter(|from| !from.is_zero());
    let share = fields.value("slow_share", USUAL_SLOW_SHARE, share);
    if let (Some(from), Some(share)) = (from, share) {
        breaker.slow = Some(Slow { from, share });
    } else if fields.node("slow_from").is_none_or(|node| node.value == Value::Text("0s".into())) {
        let because = "nothing says from when on a call is slow";
        no_effect(fields, "slow_share", "slow_from", because, "add slow_from = \"1s\", or so");
    }
}

fn open_time(fields: &mut Fields<'_>, breaker: &mut CircuitBreaker) {
    let first = fields.take("open_for", positive_duration);
    let longest = fields.take("open_at_most", positive_duration);
    // The one that is not said makes room for the other.
    (breaker.open_for, breaker.open_at_most) = match (first, longest) {
        (Some(first), Some(longest)) => (first, longest),
        (Some(first), None) => (first, breaker.open_at_most.max(first)),
        (None, Some(longest)) => (breaker.open_for.min(longest), longest),
        (None, None) => return,
    };
    if breaker.open_for > breaker.open_at_most {
        let [first, longest] = [breaker.open_for, breaker.open_at_most].map(format_duration);
        let message =
            format!("`open_for` is {first}, longer than `open_at_most`, which is {longest}");
        conflict(fields, "open_for", "open_at_most", message, "open_for <= open_at_most");
    }
}

fn probes(fields: &mut Fields<'_>, breaker: &mut CircuitBreaker) {
    let probes = fields.value("probes", breaker.probes, number(1..=MOST_PROBES));
    let required = fields.take("required_probes", number(1..=MOST_PROBES));
    let Some(probes) = probes else { return };
    breaker.probes = probes;
    breaker.required_probes = required.unwrap_or(breaker.required_probes.min(probes));
    if breaker.required_probes > probes {
        let required = breaker.required_probes;
        let message = format!("of {probes} probes {required} cannot be required");
        conflict(fields, "required_probes", "probes", message, "required_probes <= probes");
    }
}
