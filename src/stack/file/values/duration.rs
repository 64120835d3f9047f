use std::time::Duration;

use humantime::{DurationError as Error, format_duration, parse_duration};

use super::{
    part::{not, part},
    similar,
};
use crate::stack::file::{Node, Problem, Problems, Value};

const HELP: &str =
    "a number and a unit (ns, us, ms, s, m, h, d, w), such as \"100ms\", \"30s\" or \"1h 30m\"";

/// What units may be called.
const UNITS: [&str; 26] = [
    "ns", "us", "ms", "s", "m", "h", "d", "w", "sec", "secs", "second", "seconds", "min", "mins",
    "minute", "minutes", "hr", "hrs", "hour", "hours", "day", "days", "week", "weeks", "millis",
    "msec",
];

/// A time such as `"100ms"` or `"1h 30m"`; `"0s"` too.
pub(in crate::stack::file) fn duration(node: &Node, problems: &mut Problems) -> Option<Duration> {
    let problem = match &node.value {
        Value::Text(text) => match parse_duration(text) {
            Ok(duration) => return Some(duration),
            Err(error) => unreadable(node, text, &error),
        },
        Value::Integer(number) => without_unit(node, &number.to_string(), *number >= 0),
        Value::Float(number) => {
            without_unit(node, &number.to_string(), number.is_finite() && *number >= 0.0)
        }
        _ => not(node, "a duration").help(HELP),
    };
    problems.add(problem);
    None
}

/// A time that is longer than nothing.
pub(in crate::stack::file) fn positive_duration(
    node: &Node,
    problems: &mut Problems,
) -> Option<Duration> {
    at_least(Duration::from_nanos(1))(node, problems)
}

/// A time that is so long or longer.
pub(in crate::stack::file) fn at_least(
    least: Duration,
) -> impl Fn(&Node, &mut Problems) -> Option<Duration> {
    move |node, problems| {
        let duration = duration(node, problems)?;
        if duration >= least {
            return Some(duration);
        }
        let problem = Problem::error(&node.place, format!("{} is too short", super::shown(node)));
        problems.add(match least.as_nanos() {
            1 => problem.label("must be longer than nothing").help(HELP),
            _ => problem.label(format!("at least {}", format_duration(least))),
        });
        None
    }
}

fn without_unit(node: &Node, number: &str, is_sensible: bool) -> Problem {
    let problem = not(node, "a duration").help(HELP);
    if is_sensible {
        problem.label("a number without a unit").replace_by(format!("\"{number}s\""))
    } else {
        problem
    }
}

fn unreadable(node: &Node, text: &str, error: &Error) -> Problem {
    // It counts characters of several bytes as one in places.
    let character = |at: usize| {
        let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        part(node, text, at..at + length)
    };
    let problem = match error {
        Error::UnknownUnit { unit, .. } if unit.is_empty() => {
            let number = text.trim();
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            return without_unit(node, number, is_number);
        }
        Error::UnknownUnit { start, end, unit, .. } => {
            let place = part(node, text, *start..*end);
            let problem = Problem::error(&place, format!("unknown unit of time `{unit}`"));
            match similar(unit, UNITS) {
                Some(meant) if place != node.place => {
                    problem.label(format!("did you mean `{meant}`?")).replace_by(meant)
                }
                _ => problem.label("not a unit of time"),
            }
        }
        Error::InvalidCharacter(at) => {
            Problem::error(&character(*at), format!("{text:?} is not a duration"))
                .label("this cannot be in a duration")
        }
        Error::NumberExpected(at) => {
            Problem::error(&character(*at), format!("{text:?} is not a duration"))
                .label("expected a number before this")
        }
        Error::NumberOverflow => Problem::error(&node.place, format!("{text:?} is out of range"))
            .label("too long, or finer than a nanosecond"),
        Error::Empty => not(node, "a duration"),
    };
    problem.help(HELP)
}
