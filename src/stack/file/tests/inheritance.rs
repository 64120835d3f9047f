use std::time::Duration;

use super::support::{lines, reading, source};
use crate::stack::settings::{Key, Limit, Section};

#[test]
fn a_route_has_what_it_does_not_mention_from_the_defaults_key_by_key() {
    let read = reading(&source(
        "[defaults]\n\
         cache = { ttl = '1s', stale_if_error = '1m', vary = ['accept', 'accept-language'] }\n\
         profile = true\n\
         [[route]]\n\
         path = '/a'\n\
         cache = { ttl = '2s', vary = ['accept'] }\n\
         [[route]]\n\
         path = '/b'\n\
         cache = false\n\
         [[route]]\n\
         path = '/c'\n\
         cache = true\n",
    ));
    let [a, b, c] = &read.settings.routes[..] else { panic!() };
    let cache = a.scope.cache.as_ref().unwrap();
    assert_eq!(cache.ttl, Some(Duration::from_secs(2)));
    assert_eq!(cache.stale_if_error, Duration::from_secs(60));
    assert_eq!(cache.vary.len(), 1);
    assert_eq!(a.own, [Section::Cache]);
    assert!(a.scope.profile.is_some());
    assert_eq!(b.scope.cache, None);
    assert_eq!(c.scope.cache, read.settings.defaults.cache);
    assert_eq!(c.own, [Section::Cache]);
    assert_eq!(read.origin_of(Some(0), "cache.ttl"), "weir.toml:6");
    assert_eq!(read.origin_of(Some(0), "cache.stale_if_error"), "weir.toml:2");
    assert_eq!(read.origin_of(Some(0), "cache.pass_for"), "built in");
    assert_eq!(read.origin_of(Some(1), "cache"), "weir.toml:9");
    assert_eq!(read.origin_of(Some(2), "path"), "weir.toml:11");
    assert_eq!(read.origin_of(None, "profile"), "weir.toml:3");
}

#[test]
fn another_limit_leaves_the_bounds_of_the_inherited_one_behind() {
    let read = reading(&source(
        "[defaults]\nconcurrency = { limit = 'aimd', min = 50, initial = 60, max = 70, max_queue = 3 }\n\
         [[route]]\npath = '/a'\nconcurrency = { limit = 5 }\n\
         [[route]]\npath = '/b'\nconcurrency = { max = 90 }\n",
    ));
    assert!(read.warnings.is_empty(), "{}", read.warnings);
    let limit =
        |index: usize| read.settings.routes[index].scope.concurrency.as_ref().unwrap().limit;
    assert_eq!(limit(0), Limit::Fixed(5));
    assert_eq!(limit(1), Limit::Aimd { min: 50, initial: 60, max: 90 });
}

#[test]
fn what_is_wrong_with_an_inherited_value_is_said_once() {
    let text = "[defaults]\nprofil = true\ncache = { ttl = 5 }\ntrusted_proxies = 3\n\
                [[route]]\npath = '/a'\ncache = { pass_for = '1s' }\n\
                [[route]]\npath = '/b'\ncache = true\n";
    assert_eq!(
        lines(&source(text)),
        [
            "weir.toml:2:1: unknown key `profil` @ profil => profile",
            "weir.toml:3:17: `5` is not a duration @ 5 => \"5s\"",
            "weir.toml:4:1: unknown key `trusted_proxies` @ trusted_proxies",
        ]
    );
}

#[test]
fn a_rate_limit_without_policies_anywhere_is_an_error() {
    let text = "[[route]]\npath = '/a'\nrate_limit = true\n[[route]]\npath = '/b'\nrate_limit = { key = 'peer_ip' }";
    let found = lines(&source(text));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|line| line.contains("a rate limit needs a policy")), "{found:?}");
}

#[test]
fn defaults_may_leave_the_policies_to_routes() {
    let defaults = "[defaults]\nrate_limit = { key = 'peer_ip' }\n";
    let route = "[[route]]\npath = '/a'\nrate_limit = { policies = ['5/minute'] }\n\
                 [[route]]\npath = '/b'\nprofile = true\n";
    let read = reading(&source(&format!("{defaults}{route}")));
    assert_eq!(read.settings.defaults.rate_limit, None);
    assert_eq!(read.settings.routes[0].scope.rate_limit.as_ref().unwrap().key, Key::PeerIp);
    assert_eq!(read.settings.routes[1].scope.rate_limit, None);
    let found = lines(&source(defaults));
    assert!(found[0].contains("a rate limit needs a policy"), "{found:?}");
    let wrong = format!("[defaults]\nrate_limit = {{ kye = 'peer_ip' }}\n{route}");
    assert_eq!(lines(&source(&wrong)), ["weir.toml:2:16: unknown key `kye` @ kye => key"]);
}

#[test]
fn a_value_instead_of_a_section_gets_its_key() {
    let text = "[defaults]\nconcurrency = 64\ncache = '30s'\nrate_limit = ['5/minute']\ncoalesce = 'yes'\n";
    assert_eq!(
        lines(&source(text)),
        [
            "weir.toml:2:15: `concurrency` is a number, not a table @ 64 => { limit = 64 }",
            "weir.toml:3:9: `cache` is a text, not a table @ '30s' => { ttl = '30s' }",
            "weir.toml:4:14: `rate_limit` is a list, not a table @ ['5/minute'] => { policies = ['5/minute'] }",
            "weir.toml:5:12: `coalesce` is a text, not a table @ 'yes'",
        ]
    );
}
