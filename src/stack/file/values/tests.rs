use std::time::Duration;

use ipnet::IpNet;
use proptest::prelude::*;

use super::*;
use crate::stack::{
    file::{
        Node, Problems,
        problem::Severity,
        testing::{line, read},
    },
    settings::{Key, MissingKey},
};

/// The one problem there is with a value.
fn problem<T>(value: &str, reader: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> String {
    let (read, problems) = read(value, reader);
    assert!(read.is_none(), "{value} was read");
    match &*problems {
        [problem] => line(problem),
        problems => panic!("{value}: {problems:?}"),
    }
}

fn good<T>(value: &str, reader: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> T {
    let (read, problems) = read(value, reader);
    assert_eq!(problems, [], "{value}");
    read.unwrap()
}

#[test]
fn durations_have_units() {
    for (value, millis) in [
        ("'100ms'", 100),
        ("'5m'", 300_000),
        ("'1h 30m'", 5_400_000),
        ("'0s'", 0),
        ("'1.5s'", 1_500),
    ] {
        assert_eq!(good(value, duration), Duration::from_millis(millis), "{value}");
    }
    for (value, expected) in [
        ("30", "`30` is not a duration @ 30 (a number without a unit) => \"30s\""),
        ("0.5", "`0.5` is not a duration @ 0.5 (a number without a unit) => \"0.5s\""),
        ("'30'", "`'30'` is not a duration @ '30' (a number without a unit) => \"30s\""),
        ("-5", "`-5` is not a duration @ -5 (expected a duration)"),
        (
            "'5 secnds'",
            "unknown unit of time `secnds` @ secnds (did you mean `seconds`?) => seconds",
        ),
        ("'5 parsecs'", "unknown unit of time `parsecs` @ parsecs (not a unit of time)"),
        ("'-5s'", "\"-5s\" is not a duration @ - (expected a number before this)"),
        ("'1h €5m'", "\"1h €5m\" is not a duration @ € (expected a number before this)"),
        ("''", "`''` is not a duration @ '' (expected a duration)"),
        ("true", "`true` is not a duration @ true (expected a duration)"),
        ("['5s']", "a list is not a duration @ ['5s'] (expected a duration)"),
    ] {
        assert_eq!(problem(value, duration), expected);
    }
    assert_eq!(
        problem("'0s'", positive_duration),
        "`'0s'` is too short @ '0s' (must be longer than nothing)"
    );
    assert_eq!(
        problem("'5us'", at_least(Duration::from_millis(1))),
        "`'5us'` is too short @ '5us' (at least 1ms)"
    );
}

#[test]
fn sizes_may_have_units() {
    for (value, size) in
        [("'64MiB'", 64 << 20), ("'512kB'", 512_000), ("65536", 65_536), ("'7'", 7)]
    {
        assert_eq!(good(value, bytes), size, "{value}");
    }
    for (value, expected) in [
        ("0", "a size of 0 leaves no room for anything @ 0 (must be at least 1 byte)"),
        ("'64 MiBs'", "unknown unit of size `MiBs` @ MiBs (did you mean `MiB`?) => MiB"),
        ("'64 pages'", "unknown unit of size `pages` @ pages (not a unit of size)"),
        ("'-1MiB'", "`'-1MiB'` is not a size @ '-1MiB' (expected a size)"),
        ("-1", "`-1` is not a size @ -1 (expected a size)"),
        ("1.5", "`1.5` is not a size @ 1.5 (expected a size)"),
    ] {
        assert_eq!(problem(value, bytes), expected);
    }
}

#[test]
fn numbers_are_within_their_bounds() {
    let percent = || number(1..=100_u32);
    assert_eq!((good("1", percent()), good("100", percent())), (1, 100));
    for (value, expected) in [
        ("0", "`0` is out of range @ 0 (expected a number from 1 to 100)"),
        ("-1", "`-1` is out of range @ -1 (expected a number from 1 to 100)"),
        ("'7'", "`'7'` is not a number @ '7' (expected a number from 1 to 100) => 7"),
        ("7.0", "`7.0` is not a whole number @ 7.0 (expected a number from 1 to 100) => 7"),
        ("7.5", "`7.5` is not a whole number @ 7.5 (expected a number from 1 to 100)"),
        ("true", "`true` is not a whole number @ true (expected a number from 1 to 100)"),
    ] {
        assert_eq!(problem(value, percent()), expected);
    }
    assert_eq!(
        problem("0", number(1..=usize::MAX)),
        "`0` is out of range @ 0 (expected a number of at least 1)"
    );
    assert_eq!(good("3", fraction(0.0..=10.0)), 3.0);
    assert_eq!(problem("nan", fraction(0.0..=10.0)), "`nan` is out of range @ nan (out of range)");
    assert_eq!(
        problem("inf", fraction(0.0..=f64::MAX)),
        "`inf` is out of range @ inf (out of range)"
    );
}

#[test]
fn shares_are_parts_of_one() {
    assert_eq!((good("0.25", share), good("1", share)), (0.25, 1.0));
    for (value, expected) in [
        ("0", "`0` is out of range @ 0 (out of range)"),
        ("50", "`50` is out of range @ 50 (a percentage, perhaps?) => 0.5"),
        ("'50%'", "`'50%'` is not a number @ '50%' (expected a number) => 0.5"),
        ("'0.5'", "`'0.5'` is not a number @ '0.5' (expected a number) => 0.5"),
        ("-0.5", "`-0.5` is out of range @ -0.5 (out of range)"),
    ] {
        assert_eq!(problem(value, share), expected);
    }
}

#[test]
fn truth_has_no_quotes() {
    assert!(good("true", boolean));
    for (value, meant) in [("'true'", "true"), ("'off'", "false"), ("1", "true"), ("'yes'", "true")]
    {
        let expected =
            format!("`{value}` is not true or false @ {value} (expected true or false) => {meant}");
        assert_eq!(problem(value, boolean), expected);
    }
    assert_eq!(
        problem("'maybe'", boolean),
        "`'maybe'` is not true or false @ 'maybe' (expected true or false)"
    );
}

#[test]
fn a_word_is_one_of_those_that_are_known() {
    const WORDS: [(&str, MissingKey); 2] =
        [("share", MissingKey::Share), ("skip", MissingKey::Skip)];
    assert_eq!(good("'skip'", word(&WORDS)), MissingKey::Skip);
    for (value, expected) in [
        ("'skipp'", "unknown word \"skipp\" @ 'skipp' (did you mean \"skip\"?) => \"skip\""),
        ("'fly'", "unknown word \"fly\" @ 'fly' (nothing that is known here)"),
        ("7", "`7` is not a word that is known here @ 7 (expected a word that is known here)"),
    ] {
        assert_eq!(problem(value, word(&WORDS)), expected);
    }
    let (_, problems) = read("'fly'", word(&WORDS));
    assert_eq!(problems[0].help.as_deref(), Some("one of \"share\", \"skip\""));
}

#[test]
fn a_quota_is_pointed_into() {
    assert_eq!(good("'100/minute; burst=50'", quota).burst_size(), 50);
    for (value, expected) in [
        (
            "'20/fortnight'",
            "\"20/fortnight\" is not a quota: unknown unit `fortnight` @ fortnight \
             (allowed: second, minute, hour, day, or s, m, h, d)",
        ),
        (
            "'20/min'",
            "\"20/min\" is not a quota: unknown unit `min` @ min (did you mean `minute`?) => minute",
        ),
        (
            "'20/s; brust=4'",
            "\"20/s; brust=4\" is not a quota: unknown or repeated option `brust=4` @ brust=4 \
             (allowed: burst=<number>, strict)",
        ),
        (
            "'0/second'",
            "\"0/second\" is out of range @ '0/second' (the number of requests must be at least 1)",
        ),
        (
            "'many'",
            "\"many\" is not a quota: not a rate `many` @ many \
             (allowed: such as 20/second, 100/m, 1 per 250ms)",
        ),
        ("100", "`100` is not a quota @ 100 (a number without a period)"),
        ("''", "an empty text is not a quota @ '' (expected a quota)"),
    ] {
        assert_eq!(problem(value, quota), expected);
    }
}

#[test]
fn networks_are_cidr_or_single_addresses() {
    for (value, network_of) in [
        ("'10.0.0.0/8'", "10.0.0.0/8"),
        ("'192.0.2.1'", "192.0.2.1/32"),
        ("'fd00::/8'", "fd00::/8"),
        ("'::ffff:10.0.0.0/104'", "10.0.0.0/8"),
    ] {
        assert_eq!(good(value, network), network_of.parse::<IpNet>().unwrap(), "{value}");
    }
    assert_eq!(
        problem("'10.0.0.0/33'", network),
        "`'10.0.0.0/33'` is not a network @ '10.0.0.0/33' (expected a network)"
    );
    let (network, problems) = read("'10.1.2.3/8'", network);
    assert_eq!(network, "10.0.0.0/8".parse().ok());
    assert_eq!(problems[0].severity, Severity::Warning);
    assert_eq!(problems[0].replacement.as_deref(), Some("\"10.0.0.0/8\""));
}

#[test]
fn paths_are_patterns_that_requests_can_have() {
    for value in ["'/'", "'/users/{id}'", "'/files/{*rest}'", "'/{{literal}}'", "'/v1/a:verb'"] {
        assert_eq!(format!("'{}'", good(value, path_pattern)), value);
    }
    for (value, expected) in [
        ("'search'", "`'search'` is not a path @ 'search' (a path begins with `/`) => \"/search\""),
        (
            "'/users/:id'",
            "`:id` stands for nothing but itself @ :id (a parameter is written `{id}`) => {id}",
        ),
        (
            "'/files/*'",
            "`*` stands for nothing but itself @ * (a parameter is written `{*rest}`) => {*rest}",
        ),
        (
            "'/a?q=1'",
            "a query is no part of a path: routes are told apart without it @ ?q=1 (no part of the path)",
        ),
        ("'/a b'", "no request's path has ' ' in it @   (percent-encoded in requests)"),
        ("'/é'", "no request's path has 'é' in it @ é (percent-encoded in requests)"),
        ("7", "`7` is not a path @ 7 (expected a path)"),
    ] {
        assert_eq!(problem(value, path_pattern), expected);
    }
    assert!(
        problem("'/{a'", path_pattern).starts_with("\"/{a\" is not a pattern of paths @ '/{a' (")
    );
}

#[test]
fn names_of_the_protocol_are_checked() {
    assert_eq!(good("'X-Api-Key'", header_name), "x-api-key");
    for value in ["'accept:'", "'*'", "'a b'"] {
        let expected = format!(
            "`{value}` is not the name of a header field @ {value} (expected the name of a header field)"
        );
        assert_eq!(problem(value, header_name), expected);
    }
    assert_eq!(good("'GET'", method), http::Method::GET);
    assert_eq!(good("'PURGE'", method).as_str(), "PURGE");
    assert_eq!(
        problem("'get'", method),
        "no request has the method `get` @ 'get' (methods are written in capitals) => \"GET\""
    );
    assert_eq!(
        problem("'G ET'", method),
        "`'G ET'` is not a method @ 'G ET' (expected a method) => \"GET\""
    );
    let (method, problems) = read("'GETT'", method);
    assert!(method.is_some() && problems[0].severity == Severity::Warning);
}

#[test]
fn all_that_is_wrong_in_a_list_is_reported() {
    assert_eq!(good("[1, 2]", list_of(number(1..=9_u32))), [1, 2]);
    let (list, problems) = read("[1, 0, 'x', 10]", list_of(number(1..=9_u32)));
    assert_eq!((list, problems.len()), (None, 3));
    assert_eq!(
        problem("'accept'", list_of(header_name)),
        "`'accept'` is not a list @ 'accept' (expected a list) => ['accept']"
    );
    assert_eq!(
        problem("true", list_of(header_name)),
        "`true` is not a list @ true (expected a list)"
    );
}

#[test]
fn keys_are_named_or_combined() {
    let header = |name| Key::Header(http::HeaderName::from_static(name));
    for (value, expected) in [
        ("'global'", Key::Global),
        ("'peer_ip'", Key::PeerIp),
        ("'forwarded'", Key::Forwarded),
        ("'header:X-Api-Key'", header("x-api-key")),
        ("'tenant'", Key::Named("tenant".into())),
        ("['peer_ip', 'header:x-api-key']", Key::All(vec![Key::PeerIp, header("x-api-key")])),
    ] {
        assert_eq!(good(value, key), expected);
    }
    for (value, expected) in [
        ("'header:a b'", "\"header:a b\" is not a key @ a b (not the name of a header field)"),
        ("'cookie:id'", "\"cookie:id\" is not a key @ 'cookie:id' (expected a key)"),
        ("['peer_ip']", "a list of keys is one of two or more @ ['peer_ip'] ()"),
        (
            "['a', 'b', 'c', 'd', 'e']",
            "a list of keys is one of four at most @ ['a', 'b', 'c', 'd', 'e'] ()",
        ),
        ("['a', 'global']", "`global` tells nobody apart @ ['a', 'global'] ()"),
        ("7", "`7` is not a key @ 7 (expected a key)"),
    ] {
        assert_eq!(problem(value, key), expected);
    }
}

#[test]
fn names_of_keys_are_those_of_the_program() {
    let names = ["tenant".to_owned()];
    let check = |value: &str| {
        let (_, problems) = read(&format!("{{ key = {value} }}"), |node, problems| {
            known_keys(node, &names, problems);
            Some(())
        });
        problems.iter().map(line).collect::<Vec<_>>()
    };
    for known in ["'tenant'", "'peer_ip'", "['global', 'tenant']", "'header:x'"] {
        assert_eq!(check(known), Vec::<String>::new());
    }
    assert_eq!(
        check("['tenants', 'peer-ip', 'customer']"),
        [
            "there is no key \"tenants\" @ 'tenants' (did you mean \"tenant\"?) => \"tenant\"",
            "there is no key \"peer-ip\" @ 'peer-ip' (did you mean \"peer_ip\"?) => \"peer_ip\"",
            "there is no key \"customer\" @ 'customer' (the program has no key of this name)",
        ]
    );
}

#[test]
fn a_text_with_escapes_is_pointed_at_as_a_whole() {
    assert_eq!(
        problem("\"5\\u0020parsecs\"", duration),
        "unknown unit of time `parsecs` @ \"5\\u0020parsecs\" (not a unit of time)"
    );
}

proptest! {
    #[test]
    fn no_value_makes_a_reader_panic(value in "\\PC{0,24}", number in any::<i64>(), float in any::<f64>()) {
        let text = format!("{value:?}").replace("\\'", "'").replace("\\u{", "").replace('\\', "");
        for value in [format!("'''{value}'''"), text, number.to_string(), format!("{float:?}")] {
            if toml::from_str::<toml::Table>(&format!("it = {value}")).is_err() {
                continue;
            }
            let _ = read(&value, duration);
            let _ = read(&value, positive_duration);
            let _ = read(&value, bytes);
            let _ = read(&value, super::number(0..=7_u32));
            let _ = read(&value, share);
            let _ = read(&value, boolean);
            let _ = read(&value, text_reader);
            let _ = read(&value, quota);
            let _ = read(&value, network);
            let _ = read(&value, path_pattern);
            let _ = read(&value, header_name);
            let _ = read(&value, method);
            let _ = read(&value, list_of(key));
            let _ = read(&value, key);
            let _ = read(&value, word(&[("a", 1)]));
        }
    }

    #[test]
    fn what_is_nearly_right_makes_no_reader_panic(value in "[0-9]{0,3}[ /;.:a-zé€{}*=_-]{0,12}") {
        let value = format!("'{value}'");
        let _ = read(&value, duration);
        let _ = read(&value, bytes);
        let _ = read(&value, quota);
        let _ = read(&value, path_pattern);
        let _ = read(&value, key);
    }
}

fn text_reader(node: &Node, problems: &mut Problems) -> Option<String> {
    text(node, problems)
}
