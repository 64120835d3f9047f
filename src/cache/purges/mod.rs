//! What was purged, by counting: a purge notes that it happened, and each stored response finds out when it is next asked for.
//!
//! Every purge has a number, the epoch that it begins. A response is *born* at the epoch in which the request for it was
//! sent, and a purge that its tags or its URI answer to concerns it if the purge's number is higher. So a purge costs the
//! same however much is stored, and it also catches what was asked for before it and is stored after it.

mod matcher;
#[cfg(weir_loom)]
mod model;
mod pattern;
#[cfg(feature = "redis")]
mod portable;
mod purge;
mod records;
mod registry;
mod scope;

#[cfg(weir_loom)]
pub use self::model::PurgesModel;
pub use self::pattern::Pattern;
#[cfg(feature = "redis")]
pub(crate) use self::records::{Bounds, Records};
pub(crate) use self::{
    matcher::Matcher,
    purge::Purge,
    registry::Purges,
    scope::{Scope, Tagging},
};
