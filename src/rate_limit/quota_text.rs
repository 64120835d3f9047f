//! Quotas as text: `20/second`, `100/minute; burst=50`, `1000/hour; strict`, `1 per 250ms`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::quota::{DAY, HOUR, MINUTE, Quota, SECOND};
use crate::{clock::nanos, error::ConfigError};

/// The units of a period, each with its long name, its short one, and its nanoseconds. Longest first.
const UNITS: [(&str, &str, u64); 7] = [
    ("day", "d", DAY),
    ("hour", "h", HOUR),
    ("minute", "m", MINUTE),
    ("second", "s", SECOND),
    ("millisecond", "ms", 1_000_000),
    ("microsecond", "us", 1_000),
    ("nanosecond", "ns", 1),
];

/// Writes the shortest text that parses to the same quota.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = nanos(self.period());
        match UNITS[..4].iter().find(|(.., unit)| *unit == period) {
            Some((name, ..)) => write!(f, "{}/{name}", self.count())?,
            None => {
                let (_, name, unit) = UNITS
                    .iter()
                    .find(|(.., unit)| period.is_multiple_of(*unit))
                    .unwrap_or(&UNITS[6]);
                write!(f, "{} per {}{name}", self.count(), period / unit)?;
            }
        }
        if self.burst_size() != self.count() {
            write!(f, "; burst={}", self.burst_size())?;
        }
        if self.is_strict() {
            f.write_str("; strict")?;
        }
        Ok(())
    }
}

/// Reads `<count>/<period>` or `<count> per <period>`, then `; burst=<n>` and `; strict` in any order.
///
/// A period is a unit (`second`, `minute`, `hour`, `day`, or `s`, `m`, `h`, `d`) or a number with a unit (`250ms`, `10s`;
/// also `us` and `ns`). White space does not matter.
impl FromStr for Quota {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let source = Source { text };
        let mut parts = text.split(';');
        let rate = parts.next().unwrap_or_default();
        let (count, period) =
            rate.split_once('/').or_else(|| rate.split_once(" per ")).ok_or_else(|| {
                source.fault(rate, "not a rate", "such as 20/second, 100/m, 1 per 250ms")
            })?;
        let count = source.number(count, "number of requests")?;
        let period = source.period(period)?;
        let (mut burst, mut strict) = (None, false);
        for option in parts {
            match option.split_once('=').map(|(name, value)| (name.trim(), value)) {
                Some(("burst", value)) if burst.is_none() => {
                    burst = Some(source.number(value, "burst")?);
                }
                None if option.trim() == "strict" && !strict => strict = true,
                _ => {
                    return Err(source.fault(
                        option,
                        "unknown or repeated option",
                        "burst=<number>, strict",
                    ));
                }
            }
        }
        // What is out of range is reported with the text as it was given.
        Self::from_parts(count, period, burst, strict)
            .try_checked()
            .map_err(|error| ConfigError::new("quota", text, error.allowed().to_owned()))
    }
}

/// The text that is read, for errors that point into it.
struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn number(&self, part: &str, what: &str) -> Result<u32, ConfigError> {
        let fault = || self.fault(part, &format!("bad {what}"), "1 to 4294967295");
        match part.trim() {
            // `parse` would take a sign.
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| fault())
            }
            _ => Err(fault()),
        }
    }

    fn period(&self, part: &str) -> Result<u64, ConfigError> {
        let period = part.trim();
        let digits = period.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = period.split_at(digits);
        let number: u64 = match number {
            "" => 1,
            digits => {
                digits.parse().map_err(|_| self.fault(part, "bad period", "up to 100 years"))?
            }
        };
        let unit = unit.trim();
        // "2 minutes" reads better than "2 minute".
        let singular = unit.strip_suffix('s').filter(|name| name.len() > 1).unwrap_or(unit);
        let named = |(long, short, _): &&(&str, &str, u64)| *short == unit || *long == singular;
        let Some((.., nanos)) = UNITS.iter().find(named) else {
            let unknown = if unit.is_empty() { part } else { unit };
            return Err(self.fault(
                unknown,
                "unknown unit",
                "second, minute, hour, day, or s, m, h, d",
            ));
        };
        number.checked_mul(*nanos).ok_or_else(|| self.fault(part, "bad period", "up to 100 years"))
    }

    /// `part` must be a slice of the text.
    fn fault(&self, part: &str, problem: &str, allowed: &str) -> ConfigError {
        let trimmed = part.trim();
        let offset = (trimmed.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let position = self.text.get(..offset).map_or(0, |before| before.chars().count()) + 1;
        let explanation =
            format!("{problem} `{trimmed}` at position {position}; allowed: {allowed}");
        ConfigError::new("quota", self.text, explanation)
    }
}

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Quota;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quota such as \"20/second\" or \"100/minute; burst=50\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quota, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
