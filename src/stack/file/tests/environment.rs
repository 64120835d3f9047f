use std::time::Duration;

use super::support::{errors, lines, reading, with_variables};
use crate::stack::settings::Limit;

const FILE: &str = "\
[defaults]
concurrency = { limit = \"aimd\", max = 500 }
cache = { ttl = \"1s\" }

[[route]]
path = \"/search\"
methods = [\"GET\"]
cache = { ttl = \"2s\" }

[[route]]
name = \"log-in\"
path = \"/login\"
profile = true
";

#[test]
fn a_variable_counts_instead_of_the_file() {
    let read = reading(&with_variables(
        FILE,
        &[
            ("WEIR_DEFAULTS__CONCURRENCY__LIMIT", "128"),
            ("WEIR_ROUTE__LOG_IN__CACHE__TTL", "10s"),
            ("WEIR_ROUTE__GET_SEARCH__CONCURRENCY", "false"),
            ("WEIR_STORES__CACHE", "1GiB"),
            ("WEIR_WATCH", "false"),
            ("WEIR_TRUSTED_PROXIES__CIDRS", "[\"10.0.0.0/8\"]"),
        ],
    ));
    let settings = &read.settings;
    assert_eq!(settings.defaults.concurrency.as_ref().unwrap().limit, Limit::Fixed(128));
    assert_eq!(settings.routes[0].scope.concurrency, None);
    let ttl = |index: usize| settings.routes[index].scope.cache.as_ref().unwrap().ttl;
    assert_eq!(ttl(0), Some(Duration::from_secs(2)));
    assert_eq!(ttl(1), Some(Duration::from_secs(10)));
    assert_eq!(settings.stores.cache_bytes, 1 << 30);
    assert_eq!(settings.watch, None);
    assert_eq!(settings.trusted_proxies.cidrs.len(), 1);
    let warnings: Vec<_> = read.warnings.problems().map(|problem| problem.message()).collect();
    assert_eq!(warnings, ["nothing asks whom the proxies ask for"]);
    assert_eq!(read.origin_of(Some(1), "cache.ttl"), "WEIR_ROUTE__LOG_IN__CACHE__TTL");
}

#[test]
fn an_empty_variable_is_none() {
    let read = reading(&with_variables(FILE, &[("WEIR_PRESET", ""), ("WEIR_WATCH", "")]));
    assert!(read.settings.watch.is_some());
}

#[test]
fn a_variable_that_names_nothing_is_an_error() {
    assert_eq!(
        lines(&with_variables(
            FILE,
            &[
                ("WEIR_DEFAULTS__CACHE__TLL", "1s"),
                ("WEIR_DEFAULTS__CACHS__TTL", "1s"),
                ("WEIR_DEFAULT__CACHE__TTL", "1s"),
                ("WEIR_ROUTE__LOGIN__CACHE__TTL", "1s"),
                ("WEIR_DEFAULTS__CACHE__STALE_IF_ERROR", "1 fortnight"),
                ("WEIR_DEFAULTS__CACHE__VARY", "[\"accept\""),
            ]
        )),
        [
            "WEIR_DEFAULTS__CACHE__STALE_IF_ERROR: unknown unit of time `fortnight` @ fortnight",
            "WEIR_DEFAULTS__CACHE__TLL: `WEIR_DEFAULTS__CACHE__TLL` sets nothing: there is no `tll` @ TLL => TTL",
            "WEIR_DEFAULTS__CACHE__VARY: the value of `WEIR_DEFAULTS__CACHE__VARY` is not TOML @ [\"accept\"",
            "WEIR_DEFAULTS__CACHS__TTL: `WEIR_DEFAULTS__CACHS__TTL` sets nothing: there is no `cachs` @ CACHS => CACHE",
            "WEIR_DEFAULT__CACHE__TTL: `WEIR_DEFAULT__CACHE__TTL` sets nothing: there is no `default` @ DEFAULT => DEFAULTS",
            "WEIR_ROUTE__LOGIN__CACHE__TTL: `WEIR_ROUTE__LOGIN__CACHE__TTL` sets nothing: there is no such route @ LOGIN => LOG_IN",
        ]
    );
}

#[test]
fn an_error_in_a_variable_shows_its_name_and_its_value() {
    let errors = errors(&with_variables("", &[("WEIR_STORES__CACHE", "1 GoB")]));
    let shown = errors.to_string();
    assert!(shown.contains("--> WEIR_STORES__CACHE:1:22"), "{shown}");
    assert!(shown.contains("1 | WEIR_STORES__CACHE=1 GoB\n"), "{shown}");
}

#[test]
fn what_is_to_be_written_in_a_variable_has_no_quotes() {
    let variables = [("WEIR_PRESET", "produktion"), ("WEIR_DEFAULTS__CACHE__TTL", "5")];
    let errors = errors(&with_variables("", &variables));
    let instead: Vec<_> = errors.problems().map(|problem| problem.replacement().unwrap()).collect();
    assert_eq!(instead, ["5s", "production"]);
    assert!(errors.to_string().ends_with("2 errors in the environment"), "{errors}");
}

#[test]
fn what_kubernetes_sets_for_a_service_called_weir_is_none_of_ours() {
    let variables = [
        ("WEIR_SERVICE_HOST", "10.0.0.1"),
        ("WEIR_SERVICE_PORT", "80"),
        ("WEIR_PORT", "tcp://10.0.0.1:80"),
        ("WEIR_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("WEIR_REDIS_SERVICE_HOST", "10.0.0.2"),
        ("WEIR_LOG", "debug"),
        ("WEIRD__THING", "1"),
    ];
    assert!(reading(&with_variables("", &variables)).warnings.is_empty());
}

#[test]
fn a_variable_that_is_nearly_one_of_ours_is_a_warning() {
    let variables = [("WEIR_PRESETS", "production"), ("WEIR_DEFAULTS_CACHE__TTL", "1s")];
    let read = reading(&with_variables("", &[("WEIR_DEFAULTS_PROFILE", "true"), variables[0]]));
    let found: Vec<_> = read.warnings.problems().map(|p| p.replacement().unwrap()).collect();
    assert_eq!(found, ["WEIR_DEFAULTS__PROFILE", "WEIR_PRESET"]);
    assert_eq!(errors(&with_variables("", &variables)).problems().count(), 2);
}

#[test]
fn a_route_that_two_names_spell_alike_is_an_error() {
    let file = "[[route]]\nname='a-b'\npath='/1'\nprofile=true\n[[route]]\nname='a.b'\npath='/2'\nprofile=true\n";
    let found = lines(&with_variables(file, &[("WEIR_ROUTE__A_B__PROFILE", "false")]));
    assert_eq!(
        found,
        ["WEIR_ROUTE__A_B__PROFILE: `WEIR_ROUTE__A_B__PROFILE` means more than one route @ A_B"]
    );
}
