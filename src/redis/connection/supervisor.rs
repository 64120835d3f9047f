//! The task that connects, and looks whether the server is there.
//!
//! `ConnectionManager`, of the crate `redis`, connects again as well, but inside of the calls that find the connection lost,
//! and over the same black hole for as long as the kernel has hope. The breaker needs somebody who probes without being a
//! client's request; so that one may as well own the connection.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    Failure,
    link::{Link, Question, longest_opening},
    shared::Shared,
};

/// How often a connection that nobody uses is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What one supervises. Dropped with the task, even one that was never polled, it lets another be started.
pub(super) struct Supervised(pub(super) Arc<Shared>);

impl Drop for Supervised {
    fn drop(&mut self) {
        self.0.supervision_ended();
    }
}

/// Never ends by itself: whoever started it ends it.
pub(super) async fn supervise(supervised: Supervised) {
    let shared = &*supervised.0;
    let mut news = News { shared, told: None };
    loop {
        let link = connect(shared, &mut news).await;
        watch(shared, link).await;
        shared.link.send_replace(None);
        news.is_down(shared.opened.cause().as_deref().unwrap_or("Redis did not answer"));
    }
}

/// A connection that answers. Between attempts it waits for as long as the circuit is open, which is longer each time.
async fn connect(shared: &Shared, news: &mut News<'_>) -> Link {
    loop {
        let pass = match shared.circuit.probe() {
            Ok(pass) => pass,
            Err(wait) => {
                sleep(wait).await;
                continue;
            }
        };
        match attempt(shared).await {
            Ok(link) => {
                // First the connection: whoever sees the circuit closed expects one.
                shared.link.send_replace(Some(link.clone()));
                shared.circuit.ended(pass, true);
                news.is_up();
                return link;
            }
            Err(failure) => {
                shared.circuit.found_nobody(pass);
                // Tells those who wait for the first connection.
                shared.link.send_replace(None);
                news.is_down(&failure.to_string());
            }
        }
    }
}

async fn attempt(shared: &Shared) -> Result<Link, Failure> {
    let settings = &shared.settings;
    let opening = timeout(longest_opening(settings), Link::open(settings)).await;
    let mut link = opening.unwrap_or_else(|_| Err(timed_out())).map_err(Failure::Failed)?;
    let ping = timeout(settings.timeout, link.ask(Question::Ping)).await;
    ping.map_err(|_| Failure::TimedOut)?.map_err(Failure::Failed)?;
    Ok(link)
}

fn timed_out() -> ::redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Returns when the circuit has opened.
async fn watch(shared: &Shared, mut link: Link) {
    // That it answers is known; how many processes there are is not.
    let mut look_in = if shared.processes.are_wanted() { Duration::ZERO } else { LOOK_EVERY };
    loop {
        tokio::select! {
            () = shared.opened.wait() => {}
            () = sleep(look_in) => {
                look_in = LOOK_EVERY;
                if let Some(pass) = shared.circuit.pass() {
                    shared.look(pass, &mut link).await;
                }
            }
        }
        if shared.circuit.pass().is_none() {
            return;
        }
    }
}

/// Logs and measures what changes, once.
struct News<'a> {
    shared: &'a Shared,
    told: Option<bool>,
}

impl News<'_> {
    fn is_up(&mut self) {
        if self.told.replace(true) != Some(true) {
            self.shared.meters().up.set(1.0);
            tracing::info!(redis = &*self.shared.settings.name, "Redis answers");
        }
    }

    fn is_down(&mut self, cause: &str) {
        if self.told.replace(false) != Some(false) {
            self.shared.meters().up.set(0.0);
            let redis = &*self.shared.settings.name;
            tracing::warn!(redis, "{cause}; it is left alone, and looked for in the background");
        }
    }
}
