use super::support::{lines, reading, source};
use crate::stack::file::Source;

#[test]
fn the_key_forwarded_needs_trusted_proxies_wherever_it_is() {
    let text = "[defaults]\nrate_limit = { key = 'forwarded', policies = ['5/minute'] }\n\
                [[route]]\npath = '/a'\ncircuit_breaker = { key = ['forwarded', 'header:x-a'] }\n";
    assert_eq!(
        lines(&source(text)),
        [
            "weir.toml:2:22: the key `forwarded` needs to know whom to believe @ 'forwarded'",
            "weir.toml:5:28: the key `forwarded` needs to know whom to believe @ 'forwarded'",
        ]
    );
    let trusting = format!("{text}[trusted_proxies]\ncidrs = ['10.0.0.0/8']\n");
    assert!(reading(&source(&trusting)).warnings.is_empty());
}

#[test]
fn trusted_proxies_are_somebody_and_not_everybody() {
    assert_eq!(
        lines(&source("[trusted_proxies]\nfield = 'forwarded'\n")),
        [
            "weir.toml:1:1: nobody is trusted: `cidrs` is missing @ [trusted_proxies]",
            "weir.toml:1:1: nothing asks whom the proxies ask for @ [trusted_proxies]",
        ]
    );
    let key = "[defaults]\nconcurrency = { key = 'forwarded' }\n";
    let found = lines(&source(&format!("{key}[trusted_proxies]\ncidrs = ['0.0.0.0/0']\n")));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("everybody is trusted"), "{found:?}");
    assert_eq!(
        lines(&source("[trusted_proxies]\ncidrs = ['10.0.0.0/8']\n")),
        ["weir.toml:1:1: nothing asks whom the proxies ask for @ [trusted_proxies]"]
    );
}

#[test]
fn keys_of_the_program_are_known_by_name() {
    let text = "[defaults]\nrate_limit = { key = 'tennant', policies = ['5/minute'] }\n";
    assert_eq!(
        lines(&Source { keys: vec!["tenant".into()], ..source(text) }),
        ["weir.toml:2:22: there is no key \"tennant\" @ 'tennant' => \"tenant\""]
    );
    let right = Source { keys: vec!["tennant".into()], ..source(text) };
    assert!(reading(&right).warnings.is_empty());
}

#[test]
fn the_file_is_watched_unless_it_says_otherwise() {
    let watch = |text: &str| reading(&source(text)).settings.watch.map(|every| every.as_millis());
    assert_eq!(watch(""), Some(250));
    assert_eq!(watch("watch = true"), Some(250));
    assert_eq!(watch("watch = '2s'"), Some(2_000));
    assert_eq!(watch("watch = false"), None);
    assert_eq!(lines(&source("watch = '0s'")).len(), 1);
}

#[cfg(not(feature = "redis"))]
#[test]
fn redis_needs_its_feature() {
    let errors = super::support::errors(&source("[redis]\nurl = 'redis://host'\n")).to_string();
    assert!(errors.contains("its feature `redis`"), "{errors}");
    let read = reading(&super::support::with_variables("", &[("WEIR_REDIS_URL", "redis://host")]));
    assert_eq!(read.warnings.problems().count(), 1);
}

#[cfg(feature = "redis")]
#[test]
fn what_is_shared_needs_redis() {
    let shared = "[defaults]\nrate_limit = { policies = ['5/minute'], shared = true }\n";
    assert_eq!(
        lines(&source(shared)),
        ["weir.toml:2:50: a limit that is shared needs Redis @ true"]
    );
    let url = [("WEIR_REDIS_URL", "redis://:s3cret@host")];
    let read = reading(&super::support::with_variables(shared, &url));
    assert_eq!(read.settings.redis.unwrap().urls, ["redis://:s3cret@host"]);
    let idle = "[redis]\nurl = ['redis://a', 'redis://b']\n";
    assert_eq!(lines(&source(idle)), ["weir.toml:1:1: nothing uses Redis @ [redis]"]);
    assert!(
        reading(&source("[redis]\nurl = 'redis://user@a'\ncache = true\n")).warnings.is_empty()
    );
    assert_eq!(
        lines(&source("[redis]\ncache = true\n")),
        ["weir.toml:1:1: where Redis is, is missing @ [redis]"]
    );
}
