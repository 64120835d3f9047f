use super::support::{errors, lines, source};
use crate::stack::{file::unknown::KEYS, settings::Section};

#[test]
fn another_tools_words_are_understood() {
    let text = "[defaults]\nratelimit = { limit = '5/minute' }\nrate_limit = { quotas = ['5/minute'], policies = ['5/minute'] }\n\
                cache = { max_age = '1s', vary_by = ['accept'] }\ncircuit_breaker = { failure_rate = 0.5 }\n\
                [[route]]\npath = '/a'\nmethod = ['GET']\nprofile = true\n";
    assert_eq!(
        lines(&source(text)),
        [
            "weir.toml:2:1: unknown key `ratelimit` @ ratelimit => rate_limit",
            "weir.toml:3:16: unknown key `quotas` @ quotas => policies",
            "weir.toml:4:11: unknown key `max_age` @ max_age => ttl",
            "weir.toml:4:27: unknown key `vary_by` @ vary_by => vary",
            "weir.toml:5:21: unknown key `failure_rate` @ failure_rate => failure_share",
            "weir.toml:8:1: unknown key `method` @ method => methods",
        ]
    );
}

#[test]
fn a_key_at_the_wrong_place_is_told_its_own() {
    let text = "ttl = '1s'\ncache = true\n[defaults]\nprofile = { ttl = '1s' }\npreset = 'production'\npath = '/a'\n\
                cache = { cache_status = true, concurrency = 5 }\n";
    let errors = errors(&source(text));
    let help: Vec<_> = errors.problems().map(|problem| problem.help().unwrap()).collect();
    assert_eq!(
        help,
        [
            "`ttl` belongs to `cache`",
            "`cache` is a section of its own, of [defaults] or of a [[route]]",
            "`ttl` belongs to `cache`",
            "`preset` stands at the top of the file, above the first [table]",
            "`path` belongs to a [[route]]",
            "`concurrency` is a section of its own, of [defaults] or of a [[route]]",
        ]
    );
}

/// The keys that a table with an unknown one is said to have.
fn known(text: &str) -> Vec<String> {
    let errors = errors(&source(text));
    let help = errors
        .problems()
        .find_map(|problem| problem.help()?.strip_prefix("known here: ").map(str::to_owned));
    help.unwrap_or_else(|| panic!("{errors}")).split(", ").map(str::to_owned).collect()
}

#[test]
fn the_keys_that_are_looked_for_elsewhere_are_those_that_are_read() {
    let tables = KEYS.iter().filter(|(table, _)| *table != "redis" || cfg!(feature = "redis"));
    for (table, keys) in tables {
        let is_section = Section::ALL.iter().any(|section| section.name() == *table);
        let text = match *table {
            "" => "qqqqqqqq = 1".to_owned(),
            "route" => "[[route]]\npath = '/a'\nqqqqqqqq = 1".to_owned(),
            _ if is_section => format!("[defaults]\n{table} = {{ qqqqqqqq = 1 }}"),
            _ => format!("[{table}]\nqqqqqqqq = 1"),
        };
        let known = known(&text);
        for key in *keys {
            let is_left_out = *key == "compress" && !cfg!(feature = "compression");
            assert!(is_left_out || known.iter().any(|known| known == key), "{table}.{key}");
        }
    }
}
