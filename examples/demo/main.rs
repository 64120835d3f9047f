//! A small API under guard: run it and send it traffic, or let it send itself some.
//!
//! What guards it is no code but a file, `weir.toml` beside this one: change it while the demo runs, and what it says holds a
//! moment later.
//!
//! ```sh
//! cargo run --release --example demo               # serves on 127.0.0.1:3000 and prints what to try
//! cargo run --release --example demo -- --drive 10 # sends itself mixed traffic for 10 seconds, then too much
//! cargo run --release --example demo -- --adaptive # the limit on reports falls while they are in trouble, and recovers
//! cargo run --release --example demo -- --adaptive --drive # the same by itself: a timeline of 30 seconds
//! ```
//!
//! What to see with the first:
//!
//! ```sh
//! for i in $(seq 30); do curl -s -o /dev/null -w '%{http_code} ' 'http://127.0.0.1:3000/search?q=weir'; done; echo
//! # 200 200 200 200 200 200 200 200 200 200 200 429 429 429 ...
//! curl -i 'http://127.0.0.1:3000/search?q=weir'
//! # ratelimit-policy: "burst";q=10;w=1, "sustained";q=100;w=60
//! # ratelimit: "burst";r=9;t=1
//! ```
//!
//! With the second a table tells for each route how many requests passed, how many were limited and how long they took. Then
//! three times as many reports are asked for as can be made: without the concurrency limit nearly all come too late, with it
//! nearly as many as can be made come in time.
//!
//! `curl http://127.0.0.1:3000/weir` shows what the file comes to for each route.
//!
//! `curl http://127.0.0.1:3000/concurrency` shows how many reports may be under way at once, which the limit finds out by itself.
//!
//! `curl -i http://127.0.0.1:3000/articles/7` twice: the second answer comes at once, and `cache-status` says why;
//! `curl -X POST 'http://127.0.0.1:3000/purge?tag=article-7'` takes it out again, and `/cache` shows how often it was of use.
//!
//! `for i in $(seq 10); do curl -s http://127.0.0.1:3000/feed/fish & done; wait` has ten answers of fewer calls, and
//! `curl http://127.0.0.1:3000/sharing` says of how many, and how few queries looked up the authors of all feeds that were made at
//! the same time.
//!
//! `curl http://127.0.0.1:3000/profile` shows how long each route takes, and Ctrl-C prints the same at the end.
//!
//! With the third, `POST /degrade?seconds=20` takes away most of the connections that reports need. Ask for reports meanwhile,
//! as the guide that it prints says: stderr tells each second where the limit is, and clients see it in `ratelimit-policy`.

mod api;
mod app;
mod args;
mod articles;
mod client;
mod drive;
mod feeds;
mod goodput;
mod guide;
mod interrupt;
mod limits;
mod overload;
mod report;
mod reports;
mod surge;
mod timeline;

use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
    process::ExitCode,
};

use app::App;
use args::{Args, Command};
use interrupt::interrupted;
use tokio::{net::TcpListener, sync::oneshot};
use tower_weir::profile::Profile;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match args::parse() {
        Ok(Command::Help) => {
            say(args::USAGE);
            Ok(())
        }
        Ok(Command::Run(args)) => run(args).await,
        Err(message) => Err(message),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("demo: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(args.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(args.listen, &error))?;
    let guide = guide::guide(address, args.adaptive);
    if args.drive.is_none() {
        let config = args.config.display();
        say(&format!(
            "{guide}\nWhat guards it stands in {config}: change it while the demo runs.\nCtrl-C ends it and prints the profile."
        ));
    }
    let App { router, weir, reports, sharing } = app::app(&args.config, guide, args.adaptive)
        .map_err(|error| format!("cannot run by {}\n{error}", args.config.display()))?;
    let profile = weir.profile();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service);
    let Some(duration) = args.drive else {
        if args.adaptive {
            tokio::spawn(limits::tell_changes(weir, reports));
        }
        let served = server.with_graceful_shutdown(interrupted()).await;
        served.map_err(|error| format!("the server on {address} failed: {error}"))?;
        show(&profile);
        return Ok(());
    };
    let without = |what: &str| {
        format!("{} says nothing of {what}, which --drive is about", args.config.display())
    };
    let report_limit = limits::of_reports(&weir).ok_or_else(|| without("a limit on reports"))?;
    let at_once = weir.concurrency("report").ok_or_else(|| without("how many reports at once"))?;
    let cache = weir.cache().ok_or_else(|| without("a cache"))?;
    let (end, ended) = oneshot::channel::<()>();
    let server = server.with_graceful_shutdown(async {
        let _ = ended.await;
    });
    let serving = tokio::spawn(server.into_future());
    if args.adaptive {
        let seconds = duration.as_secs() as usize;
        say(&surge::surge(address, seconds, &reports, &report_limit, interrupted()).await.text());
        show(&profile);
    } else {
        let driven = drive::drive(address, duration, &cache, interrupted()).await;
        say(&report::text(&driven));
        say(&format!("\n{}\n{}", articles::hit_rates(&driven.cached), cache.stats()));
        say(&format!("\nShared among those who asked at the same time:\n\n{}", sharing.text()));
        show(&profile);
        if driven.took >= duration {
            let each = (duration / 2).clamp(overload::SHORTEST, overload::LONGEST);
            say(&goodput::announcement(each));
            let overload = overload::overload(address, each, &at_once, interrupted()).await;
            say(&overload.as_ref().map_or("\nInterrupted.".to_owned(), goodput::text));
        }
    }
    drop(end);
    // What becomes of the server matters no longer: the clients have their answers.
    let _ = serving.await;
    Ok(())
}

/// Prints what was measured, if anything was.
fn show(profile: &Profile) {
    if !profile.snapshot().routes.is_empty() {
        say(&format!("\nMeasured by the server, refusals included:\n\n{profile}"));
    }
}

/// Prints; whoever closed the pipe wants no more of it.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => "end what listens there or choose another, such as",
        ErrorKind::PermissionDenied => {
            "ports below 1024 may need privileges; choose another, such as"
        }
        _ => "choose an address of this machine, such as",
    };
    format!("cannot listen on {address}: {error}; {remedy} --listen 127.0.0.1:0 (any free port)")
}
