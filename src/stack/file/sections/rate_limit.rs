use super::{
    adaptive::adaptive,
    checks::{conflict, no_effect},
    policies::policies,
    words::ON_MISSING_KEY,
};
use crate::stack::{
    file::{
        Fields, Node, Problem, Problems,
        values::{boolean, duration, fraction, key, list_of, network, number, word},
    },
    settings::{Charge, Fields as Headers, Key, Outage, RateLimit},
};

const CHARGE: [(&str, Charge); 3] =
    [("all", Charge::All), ("failures", Charge::Failures), ("successes", Charge::Successes)];
const HEADERS: [(&str, Headers); 4] = [
    ("standard", Headers::Standard),
    ("legacy", Headers::Legacy),
    ("both", Headers::Both),
    ("none", Headers::None),
];
const ON_OUTAGE: [(&str, Outage); 3] =
    [("local", Outage::Local), ("open", Outage::Open), ("closed", Outage::Closed)];

/// `rate_limit`
pub(in crate::stack::file) fn rate_limit(
    node: &Node,
    problems: &mut Problems,
) -> Option<RateLimit> {
    let mut fields = Fields::of(node, "rate_limit", problems)?;
    let mut limit = RateLimit::default();
    fields.set(&mut limit.key, "key", key);
    fields.set(&mut limit.on_missing_key, "on_missing_key", word(&ON_MISSING_KEY));
    if limit.key == Key::Global {
        let because = "without a `key` all requests count together";
        no_effect(&mut fields, "on_missing_key", "key", because, "leave it out, or add a key");
    }
    if let Some(policies) = policies(&mut fields) {
        limit.policies = policies;
    }
    limit.adaptive = fields.take("adaptive", adaptive).flatten();
    fields.set(&mut limit.charge, "charge", word(&CHARGE));
    fields.set(&mut limit.headers, "headers", word(&HEADERS));
    fields.set(&mut limit.exempt, "exempt", list_of(network));
    fields.set(&mut limit.deny, "deny", list_of(network));
    fields.set(&mut limit.retry_jitter, "retry_jitter", fraction(0.0..=10.0));
    fields.set(&mut limit.shadow, "shadow", boolean);
    queue(&mut fields, &mut limit);
    sharing(&mut fields, &mut limit);
    fields.finish();
    Some(limit)
}

fn queue(fields: &mut Fields<'_>, limit: &mut RateLimit) {
    fields.set(&mut limit.max_wait, "max_wait", duration);
    fields.set(&mut limit.max_queue, "max_queue", number(1..=usize::MAX));
    if limit.max_wait.is_zero() {
        let because = "without a `max_wait` nobody waits";
        let help = "leave it out, or add a max_wait such as \"2s\"";
        no_effect(fields, "max_queue", "max_wait", because, help);
    }
}

fn sharing(fields: &mut Fields<'_>, limit: &mut RateLimit) {
    fields.set(&mut limit.shared, "shared", boolean);
    fields.set(&mut limit.on_outage, "on_outage", word(&ON_OUTAGE));
    fields.set(&mut limit.leases, "leases", boolean);
    if !limit.shared {
        let because = "a limit that is not `shared` asks no Redis";
        for name in ["on_outage", "leases"] {
            no_effect(fields, name, "shared", because, "leave it out, or add shared = true");
        }
        return;
    }
    if !limit.max_wait.is_zero() {
        let message = "requests cannot wait for their turn in a limit that is shared".to_owned();
        let help = "one of the two: max_wait = \"0s\", or shared = false";
        conflict(fields, "max_wait", "shared", message, help);
    }
    if cfg!(not(feature = "redis"))
        && let Some(node) = fields.node("shared")
    {
        let problem = Problem::error(&node.place, "this program cannot share limits over Redis");
        let help = "leave it out, or build tower-weir with its feature `redis`";
        fields.problems().add(problem.label("not built in").help(help));
    }
}
