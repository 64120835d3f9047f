//! Values for those who do not want to state them all.

use std::sync::Arc;

use super::{
    Node, Origin, Problem, Problems, Value, parse,
    values::{similar, text},
};

const PRESETS: [(&str, &str); 2] = [
    ("production", include_str!("presets/production.toml")),
    ("development", include_str!("presets/development.toml")),
];

/// The text of a preset, `production` or `development`: TOML, with the reasons for its values.
///
/// ```
/// use tower_weir::stack::preset_text;
///
/// assert!(preset_text("production").is_some_and(|text| text.contains("[defaults]")));
/// assert_eq!(preset_text("staging"), None);
/// ```
pub fn preset_text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What the preset says that a file, or a variable, asks for.
pub(super) fn chosen(tree: &Node, problems: &mut Problems) -> Option<Node> {
    let node = tree.get("preset")?;
    if !matches!(node.value, Value::Text(_)) {
        let problem = Problem::error(&node.place, format!("a preset is not {}", node.kind()));
        let problem = problem.label("expected a name");
        problems.add(problem.help("\"production\" or \"development\", in quotes"));
        return None;
    }
    let written = text(node, problems)?;
    let found = PRESETS.iter().find(|(name, _)| *name == written);
    let Some((name, text)) = found else {
        let names = PRESETS.iter().map(|(name, _)| *name);
        let problem = Problem::error(&node.place, format!("there is no preset {written:?}"))
            .help("\"production\" or \"development\"");
        problems.add(match similar(&written, names).or_else(|| abbreviated(&written)) {
            Some(meant) => {
                problem.label(format!("did you mean {meant:?}?")).replace_by(format!("{meant:?}"))
            }
            None => problem.label("not a preset"),
        });
        return None;
    };
    let origin = Arc::new(Origin::Preset { name, text });
    Some(parse::document(&origin, problems))
}

fn abbreviated(written: &str) -> Option<&'static str> {
    match written.to_lowercase().chars().next()? {
        'p' => Some("production"),
        'd' => Some("development"),
        _ => None,
    }
}
