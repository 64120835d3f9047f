use crate::{cache::second_tier::TierKey, redis::Redis};

/// The key of a response in Redis.
pub(super) fn of_record(redis: &Redis, key: TierKey) -> String {
    format!("{}:c:{:032x}", redis.prefix(), key.bits())
}
