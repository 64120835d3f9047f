//! A reverse proxy with a weir: limits, caches and measures what passes to an HTTP service in any language, by one file.
//!
//! ```sh
//! python3 -m http.server 3000 &
//! cargo run --release --example proxy --features config,prometheus -- \
//!     --config examples/proxy/weir.toml --upstream http://127.0.0.1:3000 --admin 127.0.0.1:9090
//! curl -i http://127.0.0.1:8080/README.md      # twice: the second is a hit
//! curl http://127.0.0.1:9090/profile
//! ```
//!
//! `proxy check examples/proxy/weir.toml` tells what the file comes to, and `--explain "GET /search"` what one request meets;
//! `--help` lists all switches.
//!
//! Clients speak HTTP/1.1 or HTTP/2 without TLS, in the version that they begin with. The upstream is asked by HTTP/1.1 over a
//! pool of connections, or with `--upstream-http2` by HTTP/2 over one, as gRPC wants it. Any method and any body passes, as it
//! comes, in both directions: a slow reader slows the writer on the other side down. The upstream is asked for what the client
//! asked for, under the name that the client called. Of a path it sees one spelling, by which the file's route was found:
//! `/a/../%6cogin` is `/login` to both.
//!
//! What it adds and takes away:
//!
//! - fields for one connection only, and those that `Connection` names, end at the proxy in both directions (RFC 9110, section
//!   7.6.1). `TE: trailers` is said anew, so trailers pass; to a client with HTTP/1.1 where they are declared by `Trailer`, as
//!   hyper wants it.
//! - `Via` in both directions, and the client's address at the end of `X-Forwarded-For`. No other field about the client is made
//!   or trusted, but by `[trusted_proxies]` in the file: the upstream knows the name under which it was called by `Host`, or
//!   `:authority`.
//! - `Date`, if the upstream sent none (RFC 9110, section 6.6.1).
//! - `Max-Forwards` of TRACE and OPTIONS is counted down, and answered at 0.
//!
//! Where the file has a cache, two requests share a response only if the fields that `vary` lists and `X-Forwarded-Proto` are the
//! same; those with another field that could change for what resource the upstream takes the request, such as `Forwarded` or
//! `X-Original-URL`, pass the cache by. `X-Forwarded-For` counts for nothing here: an upstream whose responses depend on the
//! client's address has to say so by `private` or `no-store`. `cache.toml` is a cache that keeps to RFC 9111 and does nothing
//! else.
//!
//! What goes wrong upstream becomes a problem document (RFC 9457): 502 if there is no connection or no proper response, 504 if it
//! takes too long. A response that breaks off after its head breaks off for the client too, so that nobody takes it for whole;
//! neither it nor a problem document is ever kept. A GET or another idempotent request without a body is sent once more if it met
//! a connection from the pool that the upstream was about to close; what else fails is the client's to repeat.
//!
//! A client that is slow holds nothing for long: `--header-timeout` and `--idle-timeout` end connections whose next request does
//! not come, or does not come to its end, and those that do not read; `--max-connections` bounds how many there are. What is left
//! are uploads that trickle, and streams of HTTP/2 whose client opens no window: `concurrency` in the file bounds how many.
//!
//! A line on stderr tells of each request at its end: the client's address, method, path, version, status, bytes, how long it took
//! (`ms`) and the upstream to its head (`upstream_ms`), what the weir did (a rejection, or what `Cache-Status` says), whether it
//! was cut off, and what went wrong upstream. Values are quoted: no path or field makes a line of its own.
//!
//! The file is read again when it changes, at SIGHUP, and by `POST /reload` on the listener of `--admin`, which also has
//! `/metrics`, `/profile`, `/config`, `/healthz` and `/readyz`; none of these are on the listener for clients. A file that is not
//! good changes nothing, and says why.
//!
//! Interim responses such as 103 (Early Hints) pass to clients with HTTP/1.1. `Expect: 100-continue` is passed on, but not waited
//! for: the client is told to continue as soon as the upstream has the head of its request.
//!
//! What it does not do: TLS, tunnels (CONNECT gets 501), and upgrades (the wish to speak another protocol is not passed on).
//!
//! At SIGTERM or Ctrl-C no more connections are taken, requests under way get `--drain` to end, and a second signal ends it at
//! once. It exits with 0 if all of them ended, and with 1 if some were cut off.

mod access;
pub(crate) mod admin;
pub(crate) mod args;
pub(crate) mod check;
mod connection;
mod fields;
mod front;
mod interim;
mod life;
pub(crate) mod log;
mod max_forwards;
mod multiplexed;
mod notes;
mod paths;
mod patient;
mod pool;
mod problem;
pub(crate) mod run;
pub(crate) mod serve;
mod signals;
pub(crate) mod stack;
mod trouble;
mod upload;
mod upstream;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    run::run(lexopt::Parser::from_env()).await
}
