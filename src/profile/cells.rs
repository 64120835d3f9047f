//! The cells that requests are counted in, by many threads at once and without a lock.

use super::{
    Histogram, Outcome,
    histogram::{BLOCKS, Ends, STEPS, place},
    totals::Totals,
    writer::{SHARDS, Writer},
};
use crate::sync::{AtomicU64, OnceLock, Ordering};

/// One request that has ended, or an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) outcome: Outcome,
    /// In nanoseconds, to the end.
    pub(super) latency: u64,
    /// In nanoseconds, to the head of the response, if there was one.
    pub(super) to_headers: Option<u64>,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
}

/// Counters that only rise, in a shard for each thread that writes to them. A shard is made when its thread comes.
#[derive(Debug)]
pub(super) struct Cells {
    shards: [OnceLock<Box<Shard>>; SHARDS],
}

/// On cache lines of its own.
#[repr(align(128))]
#[derive(Debug)]
struct Shard {
    started: AtomicU64,
    /// By [`Outcome`].
    outcomes: [AtomicU64; Outcome::ALL.len()],
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
    latency: Durations,
    to_headers: Durations,
}

/// A histogram's cells. A block is made when its first duration comes: latencies of one route fall into few.
#[derive(Debug)]
struct Durations {
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    blocks: [OnceLock<Box<[AtomicU64; STEPS]>>; BLOCKS],
}

impl Cells {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// Counts one that begins.
    #[inline]
    pub(super) fn start(&self, writer: Writer) {
        writer.add(&self.shard(writer).started, 1);
    }

    /// Takes back that one began: it goes on elsewhere.
    pub(super) fn unstart(&self, writer: Writer) {
        writer.add(&self.shard(writer).started, u64::MAX);
    }

    /// Counts one that began here and has ended.
    #[inline]
    pub(super) fn end(&self, writer: Writer, sample: &Sample) {
        let shard = self.shard(writer);
        shard.latency.count(writer, sample.latency);
        if let Some(to_headers) = sample.to_headers {
            shard.to_headers.count(writer, to_headers);
        }
        if sample.request_bytes > 0 {
            writer.add(&shard.request_bytes, sample.request_bytes);
        }
        if sample.response_bytes > 0 {
            writer.add(&shard.response_bytes, sample.response_bytes);
        }
        // Last, so that whoever sees the end sees the beginning and the rest.
        writer.add(&shard.outcomes[sample.outcome as usize], 1);
    }

    /// All that has been counted, and how many have begun and not ended.
    pub(super) fn read(&self) -> (Totals, u64) {
        let shards = || self.shards.iter().filter_map(OnceLock::get);
        let mut totals = Totals::default();
        for shard in shards() {
            for (total, cell) in totals.outcomes.iter_mut().zip(&shard.outcomes) {
                *total += cell.load(Ordering::Acquire);
            }
        }
        // After the ends: whatever ended has begun.
        let started = shards().map(|shard| shard.started.load(Ordering::Acquire));
        let started = started.fold(0, u64::wrapping_add);
        for shard in shards() {
            let of = |cell: &AtomicU64| cell.load(Ordering::Acquire);
            totals.request_bytes = totals.request_bytes.wrapping_add(of(&shard.request_bytes));
            totals.response_bytes = totals.response_bytes.wrapping_add(of(&shard.response_bytes));
            totals.latency.merge(&shard.latency.read());
            totals.to_headers.merge(&shard.to_headers.read());
        }
        let active = started.wrapping_sub(totals.ended()) as i64;
        (totals, active.max(0) as u64)
    }

    #[inline]
    fn shard(&self, writer: Writer) -> &Shard {
        self.shards[writer.shard()].get_or_init(Shard::new)
    }
}

impl Shard {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self {
            started: AtomicU64::new(0),
            outcomes: std::array::from_fn(|_| AtomicU64::new(0)),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            latency: Durations::new(),
            to_headers: Durations::new(),
        })
    }
}

impl Durations {
    fn new() -> Self {
        let Ends { min, max } = Ends::default();
        Self {
            sum: AtomicU64::new(0),
            min: AtomicU64::new(min),
            max: AtomicU64::new(max),
            blocks: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    #[inline]
    fn count(&self, writer: Writer, nanos: u64) {
        let (block, step) = place(nanos);
        let block = self.blocks[block].get_or_init(Self::block);
        writer.add(&block[step], 1);
        writer.add(&self.sum, nanos);
        writer.widen(&self.min, &self.max, nanos);
    }

    #[cold]
    fn block() -> Box<[AtomicU64; STEPS]> {
        Box::new(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    fn read(&self) -> Histogram {
        let mut histogram = Histogram::default();
        let of = |cell: &AtomicU64| cell.load(Ordering::Acquire);
        histogram.add(of(&self.sum), Ends { min: of(&self.min), max: of(&self.max) });
        for (at, block) in self.blocks.iter().enumerate() {
            for (step, cell) in block.get().into_iter().flat_map(|block| block.iter().enumerate()) {
                histogram.push(at, step, cell.load(Ordering::Acquire));
            }
        }
        histogram
    }
}
