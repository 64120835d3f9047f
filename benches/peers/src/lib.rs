//! A small harness for benches of tower-weir beside its peers.
//!
//! What it measures is small (tens of nanoseconds) and the machines it runs on are noisy (shared cores, changing clock
//! rates). A figure of one run says little there; a ratio of two that were taken at the same moments says much. So the
//! cases of a [`Group`] take turns, A B C A B C ..., in many short rounds, and each case's figure is the median of its
//! rounds. criterion measures one benchmark to its end before it begins the next, seconds later, and cannot be told
//! otherwise; hence this.
//!
//! An area (`src/bin/AREA/main.rs`) describes itself as an [`Area`] of [`Measure`]s and leaves the rest to [`Area::main`]:
//! timing, the table, `target/bench/AREA.json`, and with `--count` instructions as valgrind counts them, which no noise touches.
//! One that asks what becomes of many millions of checks, and not how long one takes, is a [`Trial`]. `scripts/bench` lists
//! the areas and runs one.

mod alloc;
mod area;
mod callgrind;
mod case;
mod exchange;
mod figures;
mod folder;
mod group;
mod options;
mod progress;
mod recorder;
mod report;
mod row;
mod threads;
mod trial;
mod walk;

pub use self::{
    alloc::{CountingAllocator, Growth, growth},
    area::{Area, Measure},
    case::{Case, timed},
    exchange::{Clients, Inner, answer, exchange, read},
    figures::Figures,
    folder::Folder,
    group::Group,
    progress::Progress,
    recorder::Recorder,
    row::{Row, Section},
    threads::both,
    trial::Trial,
    walk::{keys, walk},
};
