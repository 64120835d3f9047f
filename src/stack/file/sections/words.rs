//! The words that keys of several sections take.

use crate::stack::settings::MissingKey;

pub(super) const ON_MISSING_KEY: [(&str, MissingKey); 3] =
    [("share", MissingKey::Share), ("reject", MissingKey::Reject), ("skip", MissingKey::Skip)];
