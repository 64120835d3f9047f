use proptest::prelude::*;

use super::support::{source, with_variables};
use crate::stack::file::{preset_text, read};

const VALID: &str = "\
preset = \"production\"\r
watch = \"250ms\"
[defaults]
rate_limit  = { key = \"peer_ip\", policies = [\"100/minute; burst=50\", \"20/second\"] }
concurrency = { limit = \"adaptive\", max_queue = 64, max_wait = \"100ms\" }
profile     = true # ä
[[route]]
path = \"/search/{id}\"
methods = [\"GET\"]
\tcache = { ttl = \"30s\", stale_while_revalidate = \"5m\", vary = [\"accept\"], query = { only = [\"q\"] } }
[[route]]
name = '''log in'''
path = \"/login\"
rate_limit = { key = \"forwarded\", policies = [\"5/minute\"], charge = \"failures\" }
[route.circuit_breaker]
window = \"10s\"
slow_share = 0.5
slow_from = \"1s\"
[trusted_proxies]
cidrs = [\"10.0.0.0/8\", \"::1\"]
[stores]
cache = \"64MiB\"
";

/// Reads it, shows all there is to show, and looks whether every place is in the text.
fn read_and_show(text: &str, variables: &[(&str, &str)]) {
    let errors = match read(&with_variables(text, variables)) {
        Ok(reading) => {
            let _ = reading.warnings.to_string();
            return;
        }
        Err(errors) => errors,
    };
    assert!(!errors.to_string().is_empty());
    assert!(!errors.in_colour().is_empty());
    for problem in errors.problems() {
        let (span, text) = (&problem.0.place.span, problem.0.place.origin.text());
        assert!(text.get(span.clone()).is_some(), "{problem} at {span:?}");
        assert!(problem.line() <= text.matches('\n').count() + 1);
        let _ = (problem.column(), problem.text(), problem.help(), problem.replacement());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read_and_show(&text, &[]);
    }

    #[test]
    fn so_is_any_soup_of_toml(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "[", "]", "[[route]]", "[[", "]]", "{", "}", "=", ".", ",", "\"", "'", "'''", "\"\"\"", "\n", "\r\n", "\r", "\t",
                " ", "#", "defaults", "route", "path", "cache", "rate_limit", "ttl", "true", "false", "1", "-", "1e9", "0x",
                "\"/a\"", "\"30s\"", "é", "\u{feff}", "\\u00e9", "\u{0}", "redis", "url", "\"redis://:p@h\"", "😀", "e\u{301}",
            ]),
            0..40,
        ),
    ) {
        read_and_show(&parts.concat(), &[]);
    }

    #[test]
    fn so_is_a_file_with_another_byte_in_it(at in 0..VALID.len(), byte in any::<u8>()) {
        let mut bytes = VALID.as_bytes().to_vec();
        bytes[at] = byte;
        read_and_show(&String::from_utf8_lossy(&bytes), &[]);
    }

    #[test]
    fn so_is_a_file_that_ends_too_soon(at in 0..VALID.len()) {
        read_and_show(&String::from_utf8_lossy(&VALID.as_bytes()[..at]), &[]);
    }

    #[test]
    fn so_is_any_variable(
        name in "(WEIR_)?(DEFAULTS|ROUTE|STORES|REDIS|X|é)?(_|__)?(LOG_IN|CACHE|é)?(_|__)?(TTL|CACHE)?(_|__)?",
        value in any::<String>(),
    ) {
        read_and_show(VALID, &[(&name, &value)]);
    }
}

#[test]
fn the_file_that_is_changed_is_right() {
    assert!(read(&source(VALID)).unwrap().warnings.is_empty());
    assert!(preset_text("production").is_some());
}
