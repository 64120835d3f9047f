use smallvec::SmallVec;

use crate::{clock::Timestamp, list::Link};

/// An item that comes.
pub(in super::super) struct Entry<Req, K> {
    pub(in super::super) request: Req,
    pub(in super::super) key: K,
    pub(in super::super) weight: u64,
    /// Items of one partition that have the same are the same.
    pub(in super::super) same: Option<u128>,
    pub(in super::super) deadline: Option<Timestamp>,
}

/// An item that waits to be sent.
pub(super) struct Item<Req> {
    pub(super) request: Req,
    pub(super) weight: u64,
    pub(super) same: Option<u128>,
    pub(super) deadline: Option<Timestamp>,
    /// When it came.
    pub(super) since: Timestamp,
    pub(super) partition: usize,
    /// Who waits for it: more than one if others are the same.
    pub(super) waiters: Waiting,
    pub(super) link: Link,
}

/// The waiters of one item; never empty.
pub(in super::super) type Waiting = SmallVec<[usize; 1]>;
