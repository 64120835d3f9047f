use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::fields::only_value;

/// A time as HTTP writes it, in whole seconds (RFC 9110 section 5.6.7).
///
/// ```
/// use tower_weir::cache::rules::HttpDate;
///
/// let now = HttpDate::from_unix(1_700_000_000);
/// let date = HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT", now).unwrap();
/// assert_eq!(date.unix(), 784_111_777);
/// assert_eq!(HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", now), Some(date));
/// assert_eq!(HttpDate::parse(b"Sun Nov  6 08:49:37 1994", now), Some(date));
/// assert_eq!(HttpDate::parse(b"tomorrow", now), None);
/// assert_eq!(date.to_value(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

const DAYS: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];
const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The end of the year 9999, after which a date has no form.
const LAST: i64 = 253_402_300_799;
/// The beginning of the year 0.
const FIRST: i64 = -62_167_219_200;

impl HttpDate {
    /// So many seconds after the beginning of 1970. What HTTP cannot write, before the year 0 and after 9999, is the nearest
    /// that it can.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(if seconds < FIRST {
            FIRST
        } else if seconds > LAST {
            LAST
        } else {
            seconds
        })
    }

    /// The second that is going on at a time since the beginning of 1970.
    pub fn at(since_1970: Duration) -> Self {
        Self::from_unix(since_1970.as_secs().try_into().unwrap_or(i64::MAX))
    }

    /// Seconds since the beginning of 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Reads a date in any of the three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete ones of RFC 850 and of C's
    /// `asctime`.
    ///
    /// Names may be in any case, and the day of the week need not be right. Otherwise it is strict: what is not one of these
    /// forms is `None`, and so are dates that never were. A year of two digits is that which ends so and is not more than
    /// 50 years after `now`.
    pub fn parse(text: &[u8], now: Self) -> Option<Self> {
        let mut rest = Text(text);
        let weekday = rest.word()?;
        let is = |name: &[u8]| weekday.eq_ignore_ascii_case(name);
        let (civil, time) = if DAYS.iter().any(|day| is(day)) {
            rest.rfc_850(now)?
        } else if !DAYS.iter().any(|day| is(&day[..3])) {
            return None;
        } else if rest.0.first() == Some(&b',') {
            rest.imf_fixdate()?
        } else {
            rest.asctime()?
        };
        let date = Self(civil.days()? * DAY + time);
        rest.0.is_empty().then_some(date)
    }

    /// The only value of a field, as a date. `None` if there is none, more than one, or it is none.
    pub(super) fn of_field(headers: &HeaderMap, name: &HeaderName, now: Self) -> Option<Self> {
        Self::parse(only_value(headers, name)?.as_bytes(), now)
    }

    /// In the form that is to be sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn to_value(self) -> HeaderValue {
        let (days, time) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let civil = Civil::of(days);
        // 1970 began on a Thursday.
        let weekday = DAYS[usize::try_from((days + 3).rem_euclid(7)).unwrap_or(0)];
        let mut text = *b"Day, 00 Mon 0000 00:00:00 GMT";
        text[..3].copy_from_slice(&weekday[..3]);
        text[8..11].copy_from_slice(MONTHS[usize::try_from(civil.month - 1).unwrap_or(0)]);
        let mut digits = |range: std::ops::Range<usize>, mut number: i64| {
            for at in range.rev() {
                text[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        };
        digits(5..7, civil.day);
        digits(12..16, civil.year);
        digits(17..19, time / HOUR);
        digits(20..22, time % HOUR / MINUTE);
        digits(23..25, time % MINUTE);
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy)]
struct Civil {
    year: i64,
    /// From 1.
    month: i64,
    /// From 1.
    day: i64,
}

impl Civil {
    /// Days since the beginning of 1970, by Howard Hinnant's `days_from_civil`; `None` if there is no such day.
    fn days(self) -> Option<i64> {
        let Self { year, month, day } = self;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=length).contains(&day) {
            return None;
        }
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// The inverse of [`days`](Self::days), by Howard Hinnant's `civil_from_days`.
    fn of(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self { year: year + era * 400 + i64::from(month <= 2), month, day }
    }
}

/// What is left to be read.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// `, 06 Nov 1994 08:49:37 GMT`
    fn imf_fixdate(&mut self) -> Option<(Civil, i64)> {
        self.literal(b", ")?;
        let day = self.number(2)?;
        self.literal(b" ")?;
        let month = self.month()?;
        self.literal(b" ")?;
        let year = self.number(4)?;
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" ")?;
        self.zone()?;
        Some((Civil { year, month, day }, time))
    }

    /// `, 06-Nov-94 08:49:37 GMT`
    fn rfc_850(&mut self, now: HttpDate) -> Option<(Civil, i64)> {
        self.literal(b", ")?;
        let day = self.number(2)?;
        self.literal(b"-")?;
        let month = self.month()?;
        self.literal(b"-")?;
        let short = self.number(2)?;
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" ")?;
        self.zone()?;
        let today = Civil::of(now.0.div_euclid(DAY));
        let mut year = today.year - today.year.rem_euclid(100) + 100 + short;
        let limit = (today.year + 50, today.month, today.day, now.0.rem_euclid(DAY));
        while (year, month, day, time) > limit {
            year -= 100;
        }
        Some((Civil { year, month, day }, time))
    }

    /// ` Nov  6 08:49:37 1994`
    fn asctime(&mut self) -> Option<(Civil, i64)> {
        self.literal(b" ")?;
        let month = self.month()?;
        self.literal(b" ")?;
        let day = if self.literal(b" ").is_some() { self.number(1)? } else { self.number(2)? };
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" ")?;
        let year = self.number(4)?;
        Some((Civil { year, month, day }, time))
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        // 60 is a leap second.
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second <= 60).then_some(hour * HOUR + minute * MINUTE + second)
    }

    fn zone(&mut self) -> Option<()> {
        self.word()?.eq_ignore_ascii_case(b"GMT").then_some(())
    }

    fn month(&mut self) -> Option<i64> {
        let name = self.word()?;
        let at = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month))?;
        i64::try_from(at + 1).ok()
    }

    fn word(&mut self) -> Option<&'a [u8]> {
        let end =
            self.0.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(self.0.len());
        self.take(end).filter(|word| !word.is_empty())
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        self.take(digits)?.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        })
    }

    fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
