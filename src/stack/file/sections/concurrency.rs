use super::{
    checks::{conflict, no_effect},
    words::ON_MISSING_KEY,
};
use crate::{
    concurrency::Bounds,
    stack::{
        file::{
            Fields, Node, Problems, Value,
            values::{boolean, duration, key, number, positive_duration, word},
        },
        settings::{Concurrency, Hold, Key, Limit},
    },
};

const HOLD_UNTIL: [(&str, Hold); 2] = [("headers", Hold::Headers), ("body_end", Hold::BodyEnd)];

/// Which limit it is, without its bounds.
#[derive(Clone, Copy)]
enum Kind {
    Fixed(usize),
    VerifiedGradient,
    Gradient2,
    Vegas,
    Aimd,
}

const KINDS: [(&str, Kind); 5] = [
    ("adaptive", Kind::VerifiedGradient),
    ("verified_gradient", Kind::VerifiedGradient),
    ("gradient2", Kind::Gradient2),
    ("vegas", Kind::Vegas),
    ("aimd", Kind::Aimd),
];

impl Kind {
    /// The bounds that the layer gives it: the least, the first and the most.
    const fn bounds(self) -> (usize, usize, usize) {
        match self {
            Self::Fixed(limit) => (limit, limit, limit),
            Self::VerifiedGradient => (2, 4, 100_000),
            Self::Gradient2 => (20, 20, 200),
            Self::Vegas => (1, 20, 1_000),
            Self::Aimd => (1, 10, 1_000),
        }
    }
}

/// `concurrency`
pub(in crate::stack::file) fn concurrency(
    node: &Node,
    problems: &mut Problems,
) -> Option<Concurrency> {
    let mut fields = Fields::of(node, "concurrency", problems)?;
    let mut concurrency = Concurrency::default();
    limit(&mut fields, &mut concurrency);
    queue(&mut fields, &mut concurrency);
    concurrency.key = fields.take("key", key).filter(|key| *key != Key::Global);
    fields.set(&mut concurrency.on_missing_key, "on_missing_key", word(&ON_MISSING_KEY));
    fields.set(&mut concurrency.max_keys, "max_keys", number(1..=usize::MAX));
    if concurrency.key.is_none() {
        let because = "without a `key` there is one limit for all requests";
        for name in ["on_missing_key", "max_keys"] {
            no_effect(&mut fields, name, "key", because, "leave it out, or add a key");
        }
    }
    fields.set(&mut concurrency.hold_until, "hold_until", word(&HOLD_UNTIL));
    // Zero would call clients back at once.
    fields.set(&mut concurrency.retry_after, "retry_after", positive_duration);
    fields.set(&mut concurrency.shadow, "shadow", boolean);
    fields.finish();
    Some(concurrency)
}

fn limit(fields: &mut Fields<'_>, concurrency: &mut Concurrency) {
    let kind = fields.value("limit", Kind::VerifiedGradient, kind);
    let bound = || number(1..=Bounds::MAX);
    let min = fields.value("min", None, some(bound()));
    let initial = fields.value("initial", None, some(bound()));
    let max = fields.value("max", None, some(bound()));
    if let Some(Kind::Fixed(limit)) = kind {
        concurrency.limit = Limit::Fixed(limit);
        let because = "a limit that is a number stays what it is";
        for name in ["min", "initial", "max"] {
            let help = "leave it out, or write limit = \"adaptive\"";
            no_effect(fields, name, "limit", because, help);
        }
        return;
    }
    let (Some(kind), Some(min), Some(initial), Some(max)) = (kind, min, initial, max) else {
        return;
    };
    if let Some(limit) = adaptive(fields, kind, (min, initial, max)) {
        concurrency.limit = limit;
    }
}

/// A limit within these bounds. Those that are not said make room for those that are.
fn adaptive(
    fields: &mut Fields<'_>,
    kind: Kind,
    (min, initial, max): (Option<usize>, Option<usize>, Option<usize>),
) -> Option<Limit> {
    const HELP: &str = "min <= initial <= max";
    let (usual_min, usual_initial, usual_max) = kind.bounds();
    let said = [min, initial, max].into_iter().flatten();
    let least = said.clone().fold(usual_min, usize::min);
    let most = said.fold(usual_max, usize::max);
    let (min, max) = (min.unwrap_or(least), max.unwrap_or(most));
    if min > max {
        let message = format!("`min` is {min}, more than `max`, which is {max}");
        conflict(fields, "min", "max", message, HELP);
        return None;
    }
    let initial = initial.unwrap_or(usual_initial.clamp(min, max));
    if initial < min {
        let message = format!("`initial` is {initial}, less than `min`, which is {min}");
        conflict(fields, "initial", "min", message, HELP);
        return None;
    }
    if initial > max {
        let message = format!("`initial` is {initial}, more than `max`, which is {max}");
        conflict(fields, "initial", "max", message, HELP);
        return None;
    }
    Some(match kind {
        Kind::Fixed(limit) => Limit::Fixed(limit),
        Kind::VerifiedGradient => Limit::VerifiedGradient { min, initial, max },
        Kind::Gradient2 => Limit::Gradient2 { min, initial, max },
        Kind::Vegas => Limit::Vegas { min, initial, max },
        Kind::Aimd => Limit::Aimd { min, initial, max },
    })
}

/// A number, or what an adaptive limit is called.
fn kind(node: &Node, problems: &mut Problems) -> Option<Kind> {
    match &node.value {
        Value::Text(text) if text.trim().parse::<i64>().is_err() => word(&KINDS)(node, problems),
        _ => number(1..=Bounds::MAX)(node, problems).map(Kind::Fixed),
    }
}

fn queue(fields: &mut Fields<'_>, concurrency: &mut Concurrency) {
    fields.set(&mut concurrency.max_queue, "max_queue", some(number(0..=usize::MAX)));
    fields.set(&mut concurrency.max_wait, "max_wait", duration);
    let (places, wait) = (concurrency.max_queue, concurrency.max_wait);
    if wait.is_zero() && places != Some(0) {
        let because = "nobody may wait for longer than nothing";
        let help = "leave it out, or give a max_wait such as \"100ms\"";
        no_effect(fields, "max_queue", "max_wait", because, help);
    }
    if places == Some(0) && !wait.is_zero() {
        let because = "there is no place in the queue";
        no_effect(fields, "max_wait", "max_queue", because, "leave it out, or allow a queue");
    }
    // Either is enough to let nobody wait.
    if wait.is_zero() {
        concurrency.max_queue = Some(0);
    }
}

fn some<T>(
    read: impl Fn(&Node, &mut Problems) -> Option<T>,
) -> impl Fn(&Node, &mut Problems) -> Option<Option<T>> {
    move |node, problems| read(node, problems).map(Some)
}
