use std::{fmt::Display, ops::RangeInclusive};

use super::{part::not, shown};
use crate::stack::file::{Node, Problem, Problems, Value};

/// A whole number within these bounds.
pub(in crate::stack::file) fn number<T>(
    bounds: RangeInclusive<T>,
) -> impl Fn(&Node, &mut Problems) -> Option<T>
where
    T: TryFrom<i64> + TryInto<i64> + PartialOrd + Display + Copy,
{
    move |node, problems| {
        let allowed = || match (*bounds.end()).try_into() {
            Ok(end) if end < i64::MAX => format!("a number from {} to {end}", bounds.start()),
            // All that there is.
            _ => format!("a number of at least {}", bounds.start()),
        };
        let problem = match &node.value {
            Value::Integer(number) => match T::try_from(*number) {
                Ok(number) if bounds.contains(&number) => return Some(number),
                _ => Problem::error(&node.place, format!("`{number}` is out of range")),
            },
            Value::Text(text) => match text.trim().parse::<i64>() {
                Ok(number) => not(node, "a number").replace_by(number.to_string()),
                Err(_) => not(node, "a number"),
            },
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                not(node, "a whole number").replace_by(number.to_string())
            }
            _ => not(node, "a whole number"),
        };
        problems.add(problem.label(format!("expected {}", allowed())).help(allowed()));
        None
    }
}

/// A number within these bounds that may have a fraction.
pub(in crate::stack::file) fn fraction(
    bounds: RangeInclusive<f64>,
) -> impl Fn(&Node, &mut Problems) -> Option<f64> {
    move |node, problems| {
        let allowed = match *bounds.end() {
            end if end == f64::MAX => format!("a number of at least {}", bounds.start()),
            end => format!("a number from {} to {end}", bounds.start()),
        };
        let number = decimal(node, &allowed, problems)?;
        if bounds.contains(&number) {
            return Some(number);
        }
        problems.add(out_of_range(node, number, &allowed));
        None
    }
}

/// A share of something: more than 0, and 1 at most.
pub(in crate::stack::file) fn share(node: &Node, problems: &mut Problems) -> Option<f64> {
    const ALLOWED: &str = "a share of more than 0 and at most 1, such as 0.5 for half";
    let number = decimal(node, ALLOWED, problems)?;
    if number > 0.0 && number <= 1.0 {
        return Some(number);
    }
    problems.add(out_of_range(node, number, ALLOWED));
    None
}

fn out_of_range(node: &Node, number: f64, allowed: &str) -> Problem {
    let problem =
        Problem::error(&node.place, format!("{} is out of range", shown(node))).help(allowed);
    if number > 1.0 && number <= 100.0 && allowed.contains("share") {
        return problem.label("a percentage, perhaps?").replace_by((number / 100.0).to_string());
    }
    problem.label("out of range")
}

fn decimal(node: &Node, allowed: &str, problems: &mut Problems) -> Option<f64> {
    let text = match &node.value {
        Value::Float(number) => return Some(*number),
        Value::Integer(number) => return Some(*number as f64),
        Value::Text(text) => text.trim(),
        _ => "",
    };
    let problem = not(node, "a number").help(allowed);
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let meant = percent.map(|number| number / 100.0).or_else(|| text.parse().ok());
    problems.add(match meant {
        Some(meant) if meant.is_finite() => problem.replace_by(meant.to_string()),
        _ => problem,
    });
    None
}
