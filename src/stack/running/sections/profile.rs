use crate::{
    profile::ProfileLayer,
    stack::{running::building::Building, settings::Profile},
};

/// All of them record into one profile, and name requests by the routes of the file.
pub(in crate::stack::running) fn profile(profile: &Profile, at: &Building<'_>) -> ProfileLayer {
    ProfileLayer::new(at.parts.profile.clone())
        .named_by(at.names.clone())
        .exemplar_ids(profile.exemplar_ids.iter().cloned())
        .server_timing(profile.server_timing)
}
