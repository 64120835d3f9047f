use super::support::{lines, reading, source, with_variables};
use crate::stack::{file::preset_text, settings::Limit};

#[test]
fn presets_are_files_like_any_other() {
    for name in ["production", "development"] {
        let route = "[[route]]\npath = '/a'\nrate_limit.policies = ['1/second']";
        let read = reading(&source(&format!("{}\n{route}", preset_text(name).unwrap())));
        assert!(read.warnings.is_empty(), "{}", read.warnings);
        let chosen = reading(&source(&format!("preset = '{name}'")));
        assert!(chosen.warnings.is_empty(), "{}", chosen.warnings);
        assert_eq!(chosen.settings.defaults.concurrency, read.settings.defaults.concurrency);
    }
}

#[test]
fn production_limits_what_it_can_know_of() {
    let read = reading(&source("preset = 'production'\n[[route]]\npath = '/a'\ncache = true\n"));
    let defaults = &read.settings.defaults;
    assert!(defaults.rate_limit.is_none());
    assert!(defaults.profile.is_some());
    assert_eq!(defaults.cache.as_ref().unwrap().ttl, None);
    assert!(defaults.coalesce.is_none());
    assert!(defaults.circuit_breaker.is_some());
    assert_eq!(read.origin_of(None, "concurrency.max_queue"), "preset production");
    assert_eq!(read.origin_of(Some(0), "cache"), "weir.toml:4");
    assert_eq!(read.origin_of(Some(0), "cache.heuristic"), "preset production");
}

#[test]
fn the_file_counts_before_the_preset_and_a_variable_before_both() {
    let text = "preset = 'production'\n[defaults]\nconcurrency = { limit = 7 }\n";
    let read = reading(&source(text));
    let concurrency = read.settings.defaults.concurrency.as_ref().unwrap();
    assert_eq!((concurrency.limit, concurrency.shadow), (Limit::Fixed(7), false));
    assert!(read.warnings.is_empty(), "{}", read.warnings);
    let read = reading(&with_variables(text, &[("WEIR_PRESET", "development")]));
    let concurrency = read.settings.defaults.concurrency.as_ref().unwrap();
    assert_eq!((concurrency.limit, concurrency.shadow), (Limit::Fixed(7), true));
}

#[test]
fn rate_limits_of_development_are_in_shadow_where_there_are_any() {
    let text = "preset = 'development'\n[[route]]\npath = '/a'\nrate_limit = { policies = ['5/minute'] }\n\
                [[route]]\npath = '/b'\nprofile = false\n";
    let read = reading(&source(text));
    assert!(read.settings.defaults.rate_limit.is_none());
    assert!(read.settings.routes[0].scope.rate_limit.as_ref().unwrap().shadow);
    assert!(read.settings.routes[1].scope.rate_limit.is_none());
}

#[test]
fn other_presets_there_are_not() {
    assert_eq!(
        lines(&source("preset = 'prod'")),
        ["weir.toml:1:10: there is no preset \"prod\" @ 'prod' => \"production\""]
    );
    assert_eq!(
        lines(&with_variables("", &[("WEIR_PRESET", "staging")])),
        ["WEIR_PRESET: there is no preset \"staging\" @ staging"]
    );
    assert_eq!(lines(&source("preset = 1")), ["weir.toml:1:10: a preset is not a number @ 1"]);
}
