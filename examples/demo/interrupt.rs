//! Ctrl-C, and what service managers send instead.

use std::{process, time::Duration};

use tokio::time::timeout;

/// What shells report of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;
/// Longer than any answer takes.
const GRACE: Duration = Duration::from_secs(2);

/// Ends when the demo is to end. If it is asked again from then on it does so at once.
pub(crate) async fn interrupted() {
    let Ok(mut requests) = Requests::new() else {
        // Without a handler the signal ends the process by itself.
        return std::future::pending().await;
    };
    requests.next().await;
    tokio::spawn(async move {
        if timeout(GRACE, requests.next()).await.is_err() {
            eprintln!("demo: a client keeps its request open; Ctrl-C again ends at once");
            requests.next().await;
        }
        process::exit(INTERRUPTED);
    });
}

/// Requests to end.
#[cfg(unix)]
struct Requests {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Requests {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Requests to end.
#[cfg(windows)]
struct Requests(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Requests {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
