//! What requests under way have reserved, where the response decides on the charge.
//!
//! A reservation is not charged and then refunded: to take a charge back late, when time has meanwhile paid a part of it off
//! and others have built upon it, either takes back too much or too little. Instead what is reserved counts as owed while
//! the request is under way, and the charge is made once, when it is known.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::decision::Decision;
use crate::key::Key;

const STRIPES: usize = 64;

/// By key, in as much memory as requests are under way.
pub(super) struct Holds(Box<[Mutex<HashMap<Key, u64>>]>);

impl Default for Holds {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Mutex::default()).collect())
    }
}

impl Holds {
    /// Reserves `cost` if `decide` allows it, given what is reserved already.
    pub(super) fn hold(
        &self,
        key: Key,
        cost: u32,
        decide: impl FnOnce(u32) -> Decision,
    ) -> Decision {
        let mut held = self.stripe(key).lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.get(&key).copied().unwrap_or(0);
        let decision = decide(clamp(before));
        if decision.refused_by.is_none() && cost > 0 {
            held.insert(key, before + u64::from(cost));
        }
        decision
    }

    /// Ends a reservation.
    pub(super) fn release(&self, key: Key, cost: u32) {
        let mut held = self.stripe(key).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sum) = held.get_mut(&key) {
            *sum = sum.saturating_sub(cost.into());
            if *sum == 0 {
                held.remove(&key);
            }
        }
    }

    /// What is reserved for a key.
    pub(super) fn held(&self, key: Key) -> u32 {
        let held = self.stripe(key).lock().unwrap_or_else(PoisonError::into_inner);
        clamp(held.get(&key).copied().unwrap_or(0))
    }

    fn stripe(&self, key: Key) -> &Mutex<HashMap<Key, u64>> {
        &self.0[key.bits() as usize % STRIPES]
    }
}

/// As a cost. More than that is far beyond every burst.
fn clamp(held: u64) -> u32 {
    u32::try_from(held).unwrap_or(u32::MAX)
}
