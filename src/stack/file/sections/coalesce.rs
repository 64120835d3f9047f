use crate::stack::{
    file::{
        Fields, Node, Problems,
        sections::query::query,
        values::{bytes, duration, header_name, list_of, positive_duration},
    },
    settings::Coalesce,
};

/// `coalesce`
pub(in crate::stack::file) fn coalesce(node: &Node, problems: &mut Problems) -> Option<Coalesce> {
    let mut fields = Fields::of(node, "coalesce", problems)?;
    let mut coalesce = Coalesce::default();
    fields.set(&mut coalesce.vary, "vary", list_of(header_name));
    fields.set(&mut coalesce.disregard, "disregard", list_of(header_name));
    fields.set(&mut coalesce.query, "query", query);
    fields.set(&mut coalesce.max_body_bytes, "max_body_bytes", bytes);
    fields.set(&mut coalesce.pass_for, "pass_for", duration);
    // Without a wait no two requests would ever share a call.
    fields.set(&mut coalesce.max_wait, "max_wait", positive_duration);
    fields.finish();
    Some(coalesce)
}
