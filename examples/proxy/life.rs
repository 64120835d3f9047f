//! When a connection is of no use any more.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Counts the requests of a connection that are under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life(Arc<watch::Sender<Requests>>);

#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    under_way: usize,
    ever: bool,
}

/// A request under way, to the end of its response.
#[derive(Debug)]
pub(crate) struct Active(Life);

impl Life {
    pub(crate) fn begin(&self) -> Active {
        self.0.send_modify(|requests| {
            requests.under_way += 1;
            requests.ever = true;
        });
        Active(self.clone())
    }

    /// Whether there has been a request.
    pub(crate) fn has_served(&self) -> bool {
        self.0.borrow().ever
    }

    /// Waits until the first request has not come for the time of `header`, or another not for that of `idle`. It counts when
    /// the whole head is there, so that a head that comes byte by byte holds no connection.
    pub(crate) async fn quiet(&self, header: Duration, idle: Duration) {
        let mut changes = self.0.subscribe();
        loop {
            let requests = *changes.borrow_and_update();
            if requests.under_way > 0 {
                // The sender lives as long as this does.
                let _ = changes.changed().await;
                continue;
            }
            let patience = if requests.ever { idle } else { header };
            if timeout(patience, changes.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.0.send_modify(|requests| requests.under_way -= 1);
    }
}
