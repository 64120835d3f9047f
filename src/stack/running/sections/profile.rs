use crate::{
    profile::ProfileLayer,
    stack::{running::building::Building, settings::Profile},
};

/// All of them record into one profile. That of a route names its requests by the pattern of the route, so that it need not be
/// looked up a second time.
pub(in crate::stack::running) fn profile(
    profile: &Profile,
    pattern: Option<&str>,
    at: &Building<'_>,
) -> ProfileLayer {
    let layer = ProfileLayer::new(at.parts.profile.clone())
        .exemplar_ids(profile.exemplar_ids.iter().cloned())
        .server_timing(profile.server_timing);
    match pattern {
        Some(pattern) => layer.pattern(pattern),
        None => layer,
    }
}
