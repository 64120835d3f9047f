//! What a batch looks like to the service: a plain vector, or one with the key of its partition. And whether items of one batch
//! may be the same.

use std::{fmt, hash::Hash, sync::Arc};

/// The items of one partition.
///
/// The request of a service behind [`BatchLayer::partition_by`](super::BatchLayer::partition_by).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch<K, Req> {
    /// What all the items have in common.
    pub key: K,
    /// In the order in which they came.
    pub items: Vec<Req>,
}

impl<K, Req> Batch<K, Req> {
    /// For tests of a service.
    pub const fn new(key: K, items: Vec<Req>) -> Self {
        Self { key, items }
    }
}

/// Which items may be in one batch.
pub trait Partition<Req>: sealed::Sealed + Clone + Send + Sync + 'static {
    /// What tells partitions apart.
    type Key: Clone + Eq + Hash + Send;
    /// What the service gets.
    type Batch: Send;

    /// The partition of an item.
    fn key(&self, item: &Req) -> Self::Key;

    /// Makes what the service gets.
    fn batch(&self, key: Self::Key, items: Vec<Req>) -> Self::Batch;
}

/// Any items may be in one batch; the service gets a `Vec` of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unpartitioned;

/// Only items with the same key are in one batch; the service gets a [`Batch`] of them.
pub struct PartitionBy<Req, K>(Arc<dyn Fn(&Req) -> K + Send + Sync>);

impl<Req, K> PartitionBy<Req, K> {
    pub(super) fn new(key: impl Fn(&Req) -> K + Send + Sync + 'static) -> Self {
        Self(Arc::new(key))
    }
}

impl<Req: Send> Partition<Req> for Unpartitioned {
    type Key = ();
    type Batch = Vec<Req>;

    fn key(&self, _: &Req) {}

    fn batch(&self, (): (), items: Vec<Req>) -> Vec<Req> {
        items
    }
}

impl<Req, K> Partition<Req> for PartitionBy<Req, K>
where
    Req: Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
{
    type Key = K;
    type Batch = Batch<K, Req>;

    fn key(&self, item: &Req) -> K {
        (self.0)(item)
    }

    fn batch(&self, key: K, items: Vec<Req>) -> Batch<K, Req> {
        Batch { key, items }
    }
}

impl<Req, K> Clone for PartitionBy<Req, K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Req, K> fmt::Debug for PartitionBy<Req, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionBy")
    }
}

/// Whether one answer may be for several items.
pub trait Duplicates<Ans>: sealed::Sealed + Copy + Send + Sync + 'static {
    /// How an answer is copied; `None` if none ever is.
    fn copier() -> Option<fn(&Ans) -> Ans>;
}

/// Each item has an answer of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepDuplicates;

/// Items that are the same share one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeDuplicates;

impl<Ans> Duplicates<Ans> for KeepDuplicates {
    fn copier() -> Option<fn(&Ans) -> Ans> {
        None
    }
}

impl<Ans: Clone> Duplicates<Ans> for MergeDuplicates {
    fn copier() -> Option<fn(&Ans) -> Ans> {
        Some(Ans::clone)
    }
}

mod sealed {
    use super::{KeepDuplicates, MergeDuplicates, PartitionBy, Unpartitioned};

    pub trait Sealed {}

    impl Sealed for Unpartitioned {}
    impl<Req, K> Sealed for PartitionBy<Req, K> {}
    impl Sealed for KeepDuplicates {}
    impl Sealed for MergeDuplicates {}
}
