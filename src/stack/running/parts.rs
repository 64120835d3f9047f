use super::key::NamedKeys;
use crate::{clock::Clock, profile::Profile};

/// What a program gives to a weir besides its settings, and what no reload changes.
pub(super) struct Parts {
    pub(super) keys: NamedKeys,
    pub(super) profile: Profile,
    pub(super) clock: Clock,
}
