use super::{World, schedule::SECOND};

/// What was seen, second by second.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) seconds: Vec<Second>,
    /// How long the answers took to requests that were admitted, in seconds; for those without one, how long the client waited.
    pub(crate) latencies: Vec<f32>,
    /// By client.
    pub(crate) clients: Vec<Tally>,
}

/// One second of it, or all that concerns one client.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) offered: f64,
    /// Answered well and in time, counted when the request came.
    pub(crate) good: f64,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Second {
    pub(crate) tally: Tally,
    pub(crate) admitted: f64,
    pub(crate) capacity: f64,
    /// What steers says at its end.
    pub(crate) multiplier: f64,
}

impl Trace {
    pub(super) fn new(world: &World) -> Self {
        Self {
            seconds: vec![Second::default(); world.length as usize],
            latencies: Vec::new(),
            clients: vec![Tally::default(); world.clients.len()],
        }
    }

    pub(super) fn second(&mut self, at: u64) -> &mut Second {
        let last = self.seconds.len() - 1;
        &mut self.seconds[last.min((at / SECOND) as usize)]
    }

    pub(super) fn offered(&mut self, at: u64, client: usize, admitted: bool) {
        let second = self.second(at);
        second.tally.offered += 1.0;
        second.admitted += f64::from(u8::from(admitted));
        self.clients[client].offered += 1.0;
    }

    pub(super) fn answered(&mut self, at: u64, client: usize, took: u64, good: bool) {
        self.latencies.push((took as f64 / SECOND as f64) as f32);
        let good = f64::from(u8::from(good));
        self.second(at).tally.good += good;
        self.clients[client].good += good;
    }

    pub(crate) fn good(&self) -> f64 {
        self.clients.iter().map(|client| client.good).sum()
    }

    /// What 99 of 100 admitted requests took no longer than, in seconds.
    pub(crate) fn p99(&self) -> f64 {
        let mut latencies = self.latencies.clone();
        latencies.sort_by(f32::total_cmp);
        let rank = (latencies.len() * 99).div_ceil(100);
        latencies.get(rank.saturating_sub(1)).copied().unwrap_or(0.0).into()
    }
}
