use proptest::prelude::*;
use tower_weir::cache::rules::*;

use super::{NOW, now};

/// RFC 9110 section 5.6.7.
#[test]
fn the_three_forms_of_a_date_are_read() {
    for (text, expected) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ("Tue Nov 14 22:13:20 2023", NOW),
        ("Tue, 14 nov 2023 22:13:20 gmt", NOW),
        ("TUESDAY, 14-NOV-23 22:13:20 GMT", NOW),
        // The day of the week says nothing that is not known.
        ("Mon, 14 Nov 2023 22:13:20 GMT", NOW),
    ] {
        let date = HttpDate::parse(text.as_bytes(), now());
        assert_eq!(date.map(HttpDate::unix), Some(expected), "{text}");
    }
}

#[test]
fn what_is_in_none_of_the_forms_is_no_date() {
    for text in [
        "",
        " ",
        "0",
        "-1",
        "now",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 ",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 Z",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT+1",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 06 11 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 06 Nov 1994 08:49:37.0 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Oct 1994 08:49:37 GMT",
        "Tue, 29 Feb 2023 00:00:00 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT",
        "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Xxx 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunda, 06-Nov-94 08:49:37 GMT",
        "Sunday 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37",
        "Sunday Nov  6 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov   6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, Nov  6 08:49:37 1994",
        "\u{ff33}un, 06 Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(HttpDate::parse(text.as_bytes(), now()), None, "{text}");
    }
}

/// RFC 9110 section 5.6.7: a year that seems to be more than 50 years ahead is the last one that ended so.
#[test]
fn a_year_of_two_digits_is_at_most_50_years_ahead() {
    let year = |date: &str, now: &str| {
        let now = HttpDate::parse(now.as_bytes(), HttpDate::from_unix(0)).unwrap();
        let date = HttpDate::parse(date.as_bytes(), now).unwrap();
        date.to_value().to_str().unwrap()[12..16].to_owned()
    };
    for (date, now, expected) in [
        ("Sunday, 06-Nov-94 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1994"),
        ("Sunday, 06-Nov-23 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2023"),
        ("Sunday, 06-Nov-22 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2022"),
        ("Thursday, 18-Aug-50 02:01:18 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2050"),
        ("Tuesday, 14-Nov-73 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2073"),
        ("Tuesday, 14-Nov-73 22:13:21 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1973"),
        ("Tuesday, 15-Nov-73 00:00:00 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1973"),
        ("Monday, 01-Jan-74 00:00:00 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1974"),
        ("Monday, 01-Jan-00 00:00:00 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2000"),
        ("Monday, 01-Jan-20 00:00:00 GMT", "Fri, 01 Jan 1999 00:00:00 GMT", "2020"),
        ("Monday, 01-Jan-49 00:00:00 GMT", "Fri, 01 Jan 1999 00:00:00 GMT", "2049"),
        ("Monday, 01-Jan-50 00:00:00 GMT", "Fri, 01 Jan 1999 00:00:00 GMT", "1950"),
        ("Monday, 01-Jan-10 00:00:00 GMT", "Sat, 01 Jan 2080 00:00:00 GMT", "2110"),
    ] {
        assert_eq!(year(date, now), expected, "{date} on {now}");
    }
}

#[test]
fn what_http_cannot_write_is_the_nearest_that_it_can() {
    for (seconds, expected) in [
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (i64::MIN, "Sat, 01 Jan 0000 00:00:00 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (NOW, "Tue, 14 Nov 2023 22:13:20 GMT"),
    ] {
        assert_eq!(HttpDate::from_unix(seconds).to_value(), expected);
    }
    assert_eq!(HttpDate::at(std::time::Duration::MAX), HttpDate::from_unix(i64::MAX));
    assert_eq!(HttpDate::at(std::time::Duration::from_millis(1_999)).unix(), 1);
}

proptest! {
    #[test]
    fn a_date_that_is_written_is_read_as_the_same(seconds in -62_167_219_200..=253_402_300_799_i64) {
        let date = HttpDate::from_unix(seconds);
        prop_assert_eq!(HttpDate::parse(date.to_value().as_bytes(), now()), Some(date));
    }

    #[test]
    fn the_obsolete_forms_are_read_as_the_same(seconds in 0..3_000_000_000_i64) {
        let date = HttpDate::from_unix(seconds);
        let text = date.to_value();
        let text = text.to_str().unwrap();
        let (weekday, day, month, year, time) =
            (&text[..3], &text[5..7], &text[8..11], &text[12..16], &text[17..25]);
        let day: u8 = day.parse().unwrap();
        let asctime = format!("{weekday} {month} {day:2} {time} {year}");
        prop_assert_eq!(HttpDate::parse(asctime.as_bytes(), now()), Some(date));

        let full = match weekday {
            "Tue" => "Tuesday",
            "Wed" => "Wednesday",
            "Thu" => "Thursday",
            "Sat" => "Saturday",
            "Sun" => "Sunday",
            "Mon" => "Monday",
            _ => "Friday",
        };
        let rfc_850 = format!("{full}, {day:02}-{month}-{} {time} GMT", &year[2..]);
        prop_assert_eq!(HttpDate::parse(rfc_850.as_bytes(), date), Some(date));
    }

    #[test]
    fn any_bytes_are_a_date_that_can_be_written_or_none(text: Vec<u8>, now: i64) {
        if let Some(date) = HttpDate::parse(&text, HttpDate::from_unix(now)) {
            let written = date.to_value();
            prop_assert_eq!(HttpDate::parse(written.as_bytes(), date), Some(date));
        }
    }

    #[test]
    fn what_looks_like_a_date_never_panics(
        text in "(Sun|Sunday|sun)[, ]{0,2}[0-9]{0,2}[- ]?(Nov|Feb|xxx)[- ]{0,2}[0-9]{1,4} [0-9:]{8}( GMT| [0-9]{4})?",
        now: i64,
    ) {
        let _ = HttpDate::parse(text.as_bytes(), HttpDate::from_unix(now));
    }
}
