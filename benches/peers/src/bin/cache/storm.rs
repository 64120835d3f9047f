//! What a bounded cache takes of memory while it is written to all the time.

use std::{
    convert::Infallible,
    env, fs,
    process::{Command, ExitCode},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
    thread,
};

use axum::body::Body;
use fastrand::Rng;
use http::{HeaderValue, Request, Response, header};
use tower::{Layer, Service};
use tower_weir::cache::{CacheLayer, MemoryStore};
use tower_weir_peers::{Figures, Row, Section};

use crate::{
    caches::{hitbox_of_bytes, http_cache_of_bytes},
    drive::{Served, exchange, runtime},
    page::{request, uri},
};

/// What may be taken.
const BOUND: u64 = 64 << 20;

const SEED: u64 = 0x7765_6972;

/// Makes this program one that is written to, and tells what it took.
const ARGUMENT: &str = "--storm";

const OURS: &str = "ours";
const PEERS: [&str; 2] = ["http-cache-tower-server", "hitbox-tower"];

pub(crate) fn section(figures: &Figures) -> Section {
    let written = if figures.is_quick() { 256 << 20 } else { 1 << 30 };
    eprintln!("write storms");
    // One arena, for glibc gives each thread its own: what one of them frees, the other cannot have.
    let rows = [("", None), (", one arena", Some("1"))].into_iter().flat_map(|(note, arenas)| {
        let share = |of| 100.0 * took(of, written, arenas) as f64 / BOUND as f64;
        let ours = share(OURS);
        let beside = PEERS.map(|peer| {
            Row::new(format!("beside {peer}{note}"), "%", ours).beside(peer, share(peer))
        });
        let alone = Row::new(format!("of the bound{note}"), "%", ours).at_most(110.0);
        [alone].into_iter().chain(beside)
    });
    Section {
        name: "write storm",
        about: format!(
            "what a process had resident at most, beyond what it had before there was a cache of {} MiB, as a share of these; \
             two threads wrote {} MiB of bodies of 100 B to 64 KiB",
            BOUND >> 20,
            written >> 20
        ),
        rows: rows.collect(),
    }
}

/// Bytes that a process of its own took.
fn took(of: &str, written: u64, arenas: Option<&str>) -> u64 {
    let program = env::current_exe().expect("it runs");
    let mut storm = Command::new(program);
    storm.args([ARGUMENT, of, &written.to_string()]);
    storm.envs(arenas.map(|arenas| ("MALLOC_ARENA_MAX", arenas)));
    let output = storm.output();
    let output = output.expect("it can be run again");
    let told = String::from_utf8_lossy(&output.stdout).trim().parse();
    told.unwrap_or_else(|_| panic!("{of}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// In the process of its own, if this is one.
pub(crate) fn asked() -> Option<ExitCode> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let (of, written) = (arguments.next()?, arguments.next()?.parse().ok()?);
    // What is there before there is any cache: threads and runtimes.
    storm(&Bodies, 1 << 20);
    let idle = status("VmRSS:");
    match &*of {
        OURS => storm(&CacheLayer::new(MemoryStore::with_max_bytes(BOUND)).layer(Bodies), written),
        "http-cache-tower-server" => storm(&http_cache_of_bytes(BOUND, Bodies), written),
        "hitbox-tower" => storm(&hitbox_of_bytes(BOUND, Bodies), written),
        _ => return None,
    }
    println!("{}", status("VmHWM:").saturating_sub(idle));
    Some(ExitCode::SUCCESS)
}

/// Bytes, as Linux counts them for this process.
fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    1024 * kib.expect("memory is told in kB")
}

/// Has so many bytes written from two threads, each under a key of its own.
fn storm(service: &impl Served, bytes: u64) {
    let (written, item) = (AtomicU64::new(0), AtomicU64::new(0));
    let write = || {
        runtime().block_on(async {
            while written.load(Ordering::Relaxed) < bytes {
                let item = item.fetch_add(1, Ordering::Relaxed);
                written.fetch_add(length(item), Ordering::Relaxed);
                exchange(service, request(uri(item))).await;
                // Some write in a task of its own.
                tokio::task::yield_now().await;
            }
        });
    };
    thread::scope(|scope| {
        scope.spawn(write);
        write();
    });
}

/// Bytes of an item's body: any number of them as likely as another.
fn length(item: u64) -> u64 {
    Rng::with_seed(SEED ^ item.wrapping_mul(0x9e37_79b9_7f4a_7c15)).u64(100..=65_536)
}

/// Answers with the body of the item that is asked for.
#[derive(Clone, Copy)]
struct Bodies;

impl<B> Service<Request<B>> for Bodies {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let item = request.uri().path().rsplit('/').next().and_then(|item| item.parse().ok());
        let length = length(item.expect("an item is asked for"));
        let mut response = Response::new(Body::from(vec![b'x'; length as usize]));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
        std::future::ready(Ok(response))
    }
}
