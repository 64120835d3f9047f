use std::hash::{BuildHasher, RandomState};

/// A number that no other process draws. A hasher's keys are from the system's source of randomness, also in containers that start at
/// the same moment; what is seeded by the time may be the same there.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
