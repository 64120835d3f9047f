//! Numbers and names as short texts.

use std::time::Duration;

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Cuts out the middle of what is too long: names that begin alike often end differently.
pub(super) fn cut(name: &str, longest: usize) -> String {
    let name = name.replace(char::is_control, "\u{fffd}");
    let all: Vec<_> = name.chars().collect();
    if all.len() <= longest {
        return name;
    }
    let kept = longest - 1;
    let (start, end) = (&all[..kept.div_ceil(2)], &all[all.len() - kept / 2..]);
    start.iter().chain(&['…']).chain(end).collect()
}

/// Three significant digits in the unit that suits.
pub(super) fn duration(duration: Duration) -> String {
    in_units(duration.as_nanos() as f64, [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")])
}

pub(super) fn bytes(bytes: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")];
    in_units(bytes as f64, units)
}

fn in_units<const N: usize>(number: f64, units: [(f64, &str); N]) -> String {
    // What would be rounded up to a thousand is one of the next unit.
    let larger = units[..N - 1].iter().find(|(size, _)| number >= size * 0.9995);
    match larger {
        Some((size, unit)) => format!("{}{unit}", significant(number / size)),
        None => format!("{number}{}", units[N - 1].1),
    }
}

/// Three significant digits, all digits of whole numbers.
pub(super) fn significant(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        number if number < 0.005 => "<0.01".to_owned(),
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => grouped(number.round() as u64),
    }
}

pub(super) fn share(part: u64, whole: u64) -> String {
    let percent = part as f64 / whole as f64 * 100.0;
    match percent {
        _ if part == whole => "100%".to_owned(),
        99.95.. => ">99.9%".to_owned(),
        percent => format!("{}%", significant(percent)),
    }
}

/// With a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        let durations = [0, 7, 999, 1_000, 12_345, 999_499, 999_600, 1_234_567, 59_960_000_000]
            .map(|nanos| duration(Duration::from_nanos(nanos)));
        let expected =
            ["0ns", "7ns", "999ns", "1.00µs", "12.3µs", "999µs", "1.00ms", "1.23ms", "60.0s"];
        assert_eq!(durations, expected);
        assert_eq!(duration(Duration::from_secs(12_345)), "12,345s");
        assert_eq!([0, 999, 1_000, 1_234_567].map(bytes), ["0B", "999B", "1.00kB", "1.23MB"]);
        assert_eq!(
            [0, 1, 123, 5_000, 999_999, 1_000_000].map(|part| share(part, 1_000_000)),
            ["0%", "<0.01%", "0.01%", "0.50%", ">99.9%", "100%"]
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.001, 0.25, 12.34, 1_234.5].map(significant),
            ["0", "<0.01", "0.25", "12.3", "1,235"]
        );
    }

    #[test]
    fn names_keep_both_ends_and_one_line() {
        assert_eq!(cut("/users/{id}", 11), "/users/{id}");
        let long = cut(&format!("/äbc/{}/end", "x".repeat(100)), 40);
        assert_eq!(chars(&long), 40);
        assert!(long.starts_with("/äbc/x") && long.ends_with("x/end") && long.contains("x…x"));
        assert_eq!(cut("a\nb\u{1b}[31m", 40), "a\u{fffd}b\u{fffd}[31m");
    }
}
