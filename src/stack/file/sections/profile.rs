use crate::stack::{
    file::{
        Fields, Node, Problems,
        values::{boolean, header_name, list_of},
    },
    settings::Profile,
};

/// `profile`
pub(in crate::stack::file) fn profile(node: &Node, problems: &mut Problems) -> Option<Profile> {
    let mut fields = Fields::of(node, "profile", problems)?;
    let mut profile = Profile::default();
    fields.set(&mut profile.server_timing, "server_timing", boolean);
    fields.set(&mut profile.exemplar_ids, "exemplar_ids", list_of(header_name));
    fields.finish();
    Some(profile)
}
