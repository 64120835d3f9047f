//! The command line.

use crate::proxy::args::{Args, CheckArgs, Command, LogFormat, USAGE, parse};

fn parsed(arguments: &[&str]) -> Result<Command, String> {
    parse(lexopt::Parser::from_args(arguments))
}

fn run(arguments: &[&str]) -> Args {
    match parsed(&[&["--upstream", "http://h:1", "--config", "f"], arguments].concat()) {
        Ok(Command::Run(args)) => args,
        Ok(_) => panic!("{arguments:?} are no wish for help"),
        Err(message) => panic!("{message}"),
    }
}

fn check(arguments: &[&str]) -> CheckArgs {
    match parsed(arguments) {
        Ok(Command::Check(args)) => args,
        Ok(_) => panic!("{arguments:?} are no wish for a check"),
        Err(message) => panic!("{message}"),
    }
}

#[test]
fn help_names_every_switch_and_is_given_whatever_else_there_is() {
    for arguments in [&["--help"][..], &["-h"], &["--drain", "1s", "--help"], &["check", "-h"]] {
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
    assert_eq!(args.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((args.admin, args.log, args.upstream_http2), (None, LogFormat::Text, false));
    assert_eq!(args.max_connections, 4096);
    let times = args.timeouts;
    let times = [times.response, times.connect, times.header, times.idle, times.drain];
    assert_eq!(times.map(|time| time.as_secs()), [30, 5, 10, 60, 10]);
}

#[test]
fn every_switch_has_its_effect() {
    let args = run(&[
        "--upstream-http2",
        "--listen=0.0.0.0:80",
        "--admin=127.0.0.1:9",
        "--log=json",
        "--max-connections=7",
        "--timeout=1m",
        "--connect-timeout=2s",
        "--header-timeout=3s",
        "--idle-timeout=4s",
        "--drain=500ms",
    ]);
    assert!(args.upstream_http2);
    assert_eq!(args.config.to_str(), Some("f"));
    assert_eq!((args.listen.port(), args.admin.unwrap().port()), (80, 9));
    assert_eq!((args.log, args.max_connections), (LogFormat::Json, 7));
    let times = args.timeouts;
    let times = [times.response, times.connect, times.header, times.idle, times.drain];
    assert_eq!(times.map(|time| time.as_millis()), [60_000, 2_000, 3_000, 4_000, 500]);
}

#[test]
fn a_check_takes_a_file_and_a_request() {
    let args = check(&["check", "weir.toml"]);
    assert_eq!((args.config.to_str(), args.explain), (Some("weir.toml"), None));
    let args = check(&["check", "weir.toml", "--explain", "GET /search?q=1"]);
    assert_eq!(args.explain, Some((http::Method::GET, "/search?q=1".to_owned())));
}

#[test]
fn a_bad_argument_is_answered_with_what_to_change() {
    for (arguments, message) in [
        (&[][..], "--config is missing; give a file such as --config examples/proxy/weir.toml"),
        (
            &["--config", "f"],
            "--upstream is missing; give one such as --upstream http://127.0.0.1:3000",
        ),
        (&["--upstram", "x"], "invalid option '--upstram'; --help lists what there is"),
        (&["--upstream"], "missing argument for option '--upstream'; --help lists what there is"),
        (&["check"], "check what? give a file such as check examples/proxy/weir.toml"),
        (
            &["check", "f", "--explain", "/search"],
            "--explain \"/search\" is not a method and a path; give one such as \"GET /search\"",
        ),
        (
            &["--listen", "localhost"],
            "--listen \"localhost\" is not an IP address and a port; give one such as 127.0.0.1:8080",
        ),
        (
            &["--drain", "10"],
            "--drain \"10\" is not a time from 1ms to a year; give one such as 500ms or 30s",
        ),
        (&["--log", "xml"], "--log \"xml\" is none of text, json and off"),
        (&["--max-connections", "0"], "--max-connections \"0\" is not a number from 1 to 1000000"),
        (
            &["--upstream", "https://h"],
            "--upstream \"https://h\" is not http:// with a host, an optional port and nothing else; give one such as http://127.0.0.1:3000",
        ),
        (
            &["--config", "f", "--upstream", "http://127.0.0.1:8080"],
            "--upstream 127.0.0.1:8080 is --listen 127.0.0.1:8080: it would ask itself",
        ),
        (
            &["--config", "f", "--upstream", "http://h", "--admin", "127.0.0.1:8080"],
            "--admin 127.0.0.1:8080 is --listen too: clients must not reach what is for operators; give another port",
        ),
    ] {
        assert_eq!(parsed(arguments).err().as_deref(), Some(message), "{arguments:?}");
    }
}
