//! A reverse proxy that streams: HTTP/1.1 in front of one upstream.
//!
//! ```sh
//! cargo run --release --example proxy -- --listen 127.0.0.1:8010 --upstream http://127.0.0.1:8000
//! cargo run --release --example proxy -- --help        # all switches
//! ```
//!
//! Any method and any body passes, as it comes, in both directions: a slow reader slows the writer on the other side down. The
//! upstream is asked for what the client asked for, under the `Host` that the client named.
//!
//! What it adds and takes away:
//!
//! - fields for one connection only, and those that `Connection` names, end at the proxy in both directions (RFC 9110, section
//!   7.6.1). `TE: trailers` is said anew, so trailers pass where they are declared by `Trailer`, as hyper wants it.
//! - `Via: 1.1 weir` in both directions, and the client's address at the end of `X-Forwarded-For`. No other field about the
//!   client is made or trusted: the upstream knows the name under which it was called by `Host`.
//! - `Date`, if the upstream sent none (RFC 9110, section 6.6.1).
//! - `Max-Forwards` of TRACE and OPTIONS is counted down, and answered at 0.
//!
//! Between both stands a `CacheLayer`, which is all there is to `stack.rs`: responses are kept and used again as RFC 9111 allows a
//! shared cache, and `Cache-Status` tells what it did. Two requests share a response only if their `X-Forwarded-Host`,
//! `X-Forwarded-Port` and `X-Forwarded-Proto` are the same too; those with another field that could change for what resource the
//! upstream takes the request, such as `Forwarded` or `X-Original-URL`, pass the cache by. `X-Forwarded-For` counts for nothing
//! here: an upstream whose responses depend on the client's address has to say so by `private` or `no-store`.
//!
//! What goes wrong upstream becomes a problem document (RFC 9457) and a line on stderr: 502 if there is no connection or no
//! proper response, 504 if it takes too long. A response that breaks off after its head breaks off for the client too, so that
//! nobody takes it for whole; neither it nor a problem document is ever kept. A GET or another idempotent request without a body is sent once more if it met a connection from
//! the pool that the upstream was about to close; what else fails is the client's to repeat.
//!
//! Interim responses such as 103 (Early Hints) pass too. `Expect: 100-continue` is passed on, but not waited for: the client is
//! told to continue as soon as the upstream has the head of its request.
//!
//! What it does not do: tunnels (CONNECT gets 501), and upgrades (the wish to speak another protocol is not passed on).
//!
//! Ctrl-C or SIGTERM: no more connections are taken, requests under way get ten seconds to end, and a second signal ends it
//! at once.

pub(crate) mod args;
mod connection;
mod fields;
mod front;
mod interim;
mod log;
mod max_forwards;
mod problem;
pub(crate) mod serve;
mod signals;
pub(crate) mod stack;
mod upload;
mod upstream;

use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
    process::ExitCode,
};

use args::{Args, Command};
use signals::Signals;
use tokio::{net::TcpListener, sync::mpsc};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Help) => {
            say(args::USAGE);
            Ok(())
        }
        Ok(Command::Run(args)) => run(&args).await,
        Err(message) => Err(message),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("proxy: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> Result<(), String> {
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(args.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(args.listen, &error))?;
    say(&format!("http://{address} in front of http://{}", args.upstream));
    let mut signals =
        Signals::new().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (wish, wishes) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            signals.next().await;
            let _ = wish.send(()).await;
        }
    });
    serve::serve(listener, stack::stack(args), args.log(), wishes).await;
    Ok(())
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
