//! The thread that keeps the memory of a recorder flat while nobody scrapes it.

use std::{
    io,
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;

/// What the exporter's own servers keep to.
const INTERVAL: Duration = Duration::from_secs(5);

/// A thread that waits to be told whose upkeep it is to run. Dropping it ends the thread.
pub(super) struct Upkeep(Sender<PrometheusHandle>);

pub(super) fn start() -> io::Result<Upkeep> {
    let (sender, receiver) = channel::<PrometheusHandle>();
    thread::Builder::new().name("weir-upkeep".to_owned()).spawn(move || {
        let Ok(handle) = receiver.recv() else { return };
        loop {
            thread::sleep(INTERVAL);
            handle.run_upkeep();
        }
    })?;
    Ok(Upkeep(sender))
}

impl Upkeep {
    pub(super) fn of(self, handle: PrometheusHandle) {
        // The thread is there until it has received.
        let _ = self.0.send(handle);
    }
}
