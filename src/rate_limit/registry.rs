//! Whose debts a table keeps: each policy of each limit has a code, which is part of its keys' ids.
//!
//! An id is what a table tells keys apart by: 56 bits of the key's hash, mixed with the names of limit and policy, and above
//! them 8 bits of the policy's code. By the code a table knows how much a whole burst is where it must choose who makes
//! room, and finds the keys of a policy whose quota changes.
//!
//! Some of the hash's bits give the line, so in a table of 2ⁿ lines a new key takes one of the eight keys that it meets for
//! itself with a probability of 2³⁺ⁿ⁻⁵⁶: one in 10¹⁰ in a table for a million keys. More codes would be paid for there.

use std::{
    collections::HashMap,
    hash::Hasher,
    sync::{
        Arc,
        Mutex,
        OnceLock,
        PoisonError,
        // Not loom's: what is in them is advice.
        atomic::{AtomicU64, Ordering},
    },
};

use siphasher::sip::SipHasher13;

use super::{Gcra, holds::Holds};
use crate::key::Key;

const HASH_BITS: u32 = 56;

/// One policy of one limit, as a table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// From 1; 0 is for no policy. The last one is shared by all after the 254th.
    pub(super) code: u8,
    salt: u64,
}

/// What a table knows of a policy.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) limit: String,
    pub(super) policy: String,
    pub(super) member: Member,
    /// As of its present quota.
    pub(super) gcra: Gcra,
}

/// The policies of a table.
#[derive(Default)]
pub(super) struct Registry {
    /// By their codes.
    known: Mutex<Vec<Known>>,
    /// By the names of limits: what is reserved and not yet in the table.
    holds: Mutex<HashMap<String, Arc<Holds>>>,
    /// By code: one divided by the tolerance, as the bits of an `f64`.
    weights: OnceLock<Box<[AtomicU64; 256]>>,
}

impl Member {
    fn new(place: usize, limit: &str, policy: &str) -> Self {
        // Not under a secret: the hash of the key is. A limit finds its entries again in a table that comes from a file.
        let mut hasher = SipHasher13::new();
        for name in [limit, policy] {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xff);
        }
        let code = u8::try_from(place + 1).unwrap_or(u8::MAX);
        Self { code, salt: hasher.finish() }
    }

    /// Whether the code may be that of other policies too.
    pub(super) fn is_shared(self) -> bool {
        self.code == u8::MAX
    }

    /// Where a table keeps what `key` owes.
    #[inline]
    pub(super) fn id(self, key: Key) -> u64 {
        self.with_hash(key.bits() ^ self.salt)
    }

    /// The id with the hash of `id`.
    #[inline]
    pub(super) fn with_hash(self, id: u64) -> u64 {
        u64::from(self.code) << HASH_BITS | id & ((1 << HASH_BITS) - 1)
    }
}

/// The code within an id.
#[inline]
pub(super) fn code_of(id: u64) -> u8 {
    (id >> HASH_BITS) as u8
}

impl Registry {
    /// The member for these names, the same at each call; the terms may be others.
    pub(super) fn register(&self, limit: &str, policy: &str, gcra: Gcra) -> Member {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter_mut().find(|known| known.limit == limit && known.policy == policy);
        let member = match known {
            Some(known) => {
                known.gcra = gcra;
                known.member
            }
            None => {
                let member = Member::new(all.len(), limit, policy);
                let (limit, policy) = (limit.to_owned(), policy.to_owned());
                all.push(Known { limit, policy, member, gcra });
                member
            }
        };
        let weight = (gcra.tolerance.max(1) as f64).recip();
        self.slot(member.code).store(weight.to_bits(), Ordering::Relaxed);
        member
    }

    /// Where a limit keeps what is reserved: the same at each call, as what keys owe is.
    pub(super) fn holds(&self, limit: &str) -> Arc<Holds> {
        let mut all = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(limit.to_owned()).or_default())
    }

    /// All that was ever registered.
    pub(super) fn known(&self) -> Vec<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One divided by a whole burst of the policy with this code, in nanoseconds.
    #[inline]
    pub(super) fn weight(&self, code: u8) -> f64 {
        f64::from_bits(self.slot(code).load(Ordering::Relaxed))
    }

    fn slot(&self, code: u8) -> &AtomicU64 {
        let zeros = || Box::new(std::array::from_fn(|_| AtomicU64::new(0)));
        &self.weights.get_or_init(zeros)[usize::from(code)]
    }
}
