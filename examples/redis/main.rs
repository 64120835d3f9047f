//! Two instances of one service that share limits and cached responses over Redis.
//!
//! ```sh
//! cargo run --release --example redis --features redis,axum             # starts a redis-server of its own
//! cargo run --release --example redis --features redis,axum -- --redis redis://127.0.0.1:6379/
//! cargo run --release --example redis --features redis,axum -- --drive  # asks itself, prints what came of it, and ends
//! ```
//!
//! ```sh
//! # ten at once for each client, whichever instance it asks
//! for i in $(seq 8); do
//!     curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3010/articles/$i
//!     curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3011/articles/$i
//! done; echo
//! # 200 200 200 200 200 200 200 200 200 200 429 429 429 429 429 429
//!
//! # made by one instance, given by the other
//! curl -i http://127.0.0.1:3010/articles/1    # cache-status: weir; fwd=uri-miss; stored
//! curl -i http://127.0.0.1:3011/articles/1    # cache-status: weir; hit; ttl=…
//!
//! # written in one, gone from the other
//! curl -X PUT -d 'A new text' http://127.0.0.1:3010/articles/1
//! curl -i http://127.0.0.1:3011/articles/1    # the new text
//! ```
//!
//! Stop the server meanwhile (`kill`, or Ctrl-Z where it runs): requests are served on. Each instance then enforces half of the
//! quota by itself, and answers with what it has in memory.

mod args;
mod drive;
mod instance;
mod server;

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use args::{Args, Command};
use instance::{Articles, Instance};
use server::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match args::parse() {
        Ok(Command::Help) => {
            println!("{}", args::USAGE);
            Ok(())
        }
        Ok(Command::Run(args)) => run(args).await,
        Err(message) => Err(message),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("redis: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    // Ends with this program.
    let (server, url) = match args.redis {
        Some(url) => (None, url),
        None => {
            let server = Server::start().await?;
            let url = server.url();
            println!("redis-server {url}, which ends with this program");
            (Some(server), url)
        }
    };
    let articles = Arc::new(Articles::default());
    let mut instances = Vec::new();
    for port in args.ports {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let instance = Instance::new(&url, &articles)?;
        println!("an instance on http://{address}");
        instances.push((address, instance.serve(listener)));
    }
    let addresses: Vec<_> = instances.iter().map(|(address, _)| *address).collect();
    if args.drive {
        drive::drive(&addresses).await?;
    } else {
        println!(
            "try\n  curl -i http://{0}/articles/1\n  curl -i http://{1}/articles/1",
            addresses[0], addresses[1]
        );
        let ended = tokio::signal::ctrl_c().await;
        ended.map_err(|error| format!("cannot wait for Ctrl-C: {error}"))?;
    }
    drop(server);
    Ok(())
}
