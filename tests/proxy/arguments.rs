//! The command line.

use crate::proxy::args::{Args, Command, USAGE, parse};

fn parsed(arguments: &[&str]) -> Result<Command, String> {
    parse(lexopt::Parser::from_args(arguments))
}

fn run(arguments: &[&str]) -> Args {
    match parsed(&[&["--upstream", "http://h:1"], arguments].concat()) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => panic!("{arguments:?} are no wish for help"),
        Err(message) => panic!("{message}"),
    }
}

#[test]
fn help_names_every_switch_and_is_given_whatever_else_there_is() {
    for arguments in [&["--help"][..], &["-h"], &["--max-bytes", "1", "--help"]] {
        assert!(matches!(parsed(arguments), Ok(Command::Help)), "{arguments:?}");
    }
    let source = include_str!("../../examples/proxy/args.rs");
    let switches = source.split("Arg::Long(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let switches: Vec<_> = switches.collect();
    assert!(switches.len() > 10);
    for switch in switches {
        assert!(USAGE.contains(&format!("--{switch}")), "{switch}");
    }
}

#[test]
fn what_is_not_said_is_as_the_help_tells() {
    let args = run(&[]);
    assert_eq!((args.listen.to_string().as_str(), args.timeout.as_secs()), ("127.0.0.1:8010", 30));
    let cache = args.cache.unwrap();
    assert_eq!((cache.max_bytes, cache.max_object_bytes), (256 << 20, 16 << 20));
    assert!(cache.heuristic && cache.honour_requests && cache.cache_status);
    assert!(!cache.store_set_cookie && cache.default_ttl.is_none());
    assert_eq!(cache.stale_if_error.unwrap().as_secs(), 60);
}

#[test]
fn every_switch_of_the_cache_has_its_effect() {
    let cache = run(&[
        "--max-bytes=64M",
        "--max-object-bytes=9",
        "--heuristic=off",
        "--default-ttl=5",
        "--stale-if-error=none",
        "--set-cookie=store",
        "--request-directives=ignore",
        "--cache-status=off",
    ]);
    let cache = cache.cache.unwrap();
    assert_eq!((cache.max_bytes, cache.max_object_bytes), (64 << 20, 9));
    assert!(!cache.heuristic && !cache.honour_requests && !cache.cache_status);
    assert!(cache.store_set_cookie && cache.stale_if_error.is_none());
    assert_eq!(cache.default_ttl.unwrap().as_secs(), 5);
    assert!(run(&["--no-cache"]).cache.is_none());
}

#[test]
fn a_bad_argument_is_answered_with_what_to_change() {
    for (arguments, message) in [
        (&[][..], "--upstream is missing; give one such as --upstream http://127.0.0.1:8000"),
        (&["--upstram", "x"], "invalid option '--upstram'; --help lists what there is"),
        (&["--upstream"], "missing argument for option '--upstream'; --help lists what there is"),
        (
            &["--listen", "localhost"],
            "--listen \"localhost\" is not an IP address and a port; give one such as 127.0.0.1:8010",
        ),
        (
            &["--max-bytes", "64X"],
            "--max-bytes \"64X\" is not a size; give a number of bytes, or one such as 64K, 64M or 1G",
        ),
        (&["--heuristic", "yes"], "--heuristic \"yes\" is neither on nor off"),
        (
            &["--default-ttl", "0"],
            "--default-ttl \"0\" is neither none nor a number of seconds from 1 to 31536000",
        ),
        (
            &["--upstream", "https://h"],
            "--upstream \"https://h\" is not http:// with a host, an optional port and nothing else; give one such as http://127.0.0.1:8000",
        ),
        (
            &["--upstream", "http://127.0.0.1:8010"],
            "--upstream 127.0.0.1:8010 is --listen 127.0.0.1:8010: it would ask itself",
        ),
    ] {
        assert_eq!(parsed(arguments).err().as_deref(), Some(message), "{arguments:?}");
    }
}
