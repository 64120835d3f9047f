use crate::stack::{
    file::{
        Fields, Node, Problem, Problems, Value,
        values::{list_of, text, word},
    },
    settings::Query,
};

#[derive(Clone, Copy)]
enum Word {
    AsIs,
    Sorted,
    Ignored,
}

const WORDS: [(&str, Word); 3] =
    [("as_is", Word::AsIs), ("sorted", Word::Sorted), ("ignored", Word::Ignored)];

/// What of a query tells requests apart.
pub(super) fn query(node: &Node, problems: &mut Problems) -> Option<Query> {
    if !matches!(node.value, Value::Table(_)) {
        return word(&WORDS)(node, problems).map(|word| match word {
            Word::AsIs => Query::AsIs,
            Word::Sorted => Query::Sorted,
            Word::Ignored => Query::Ignored,
        });
    }
    let mut fields = Fields::of(node, "query", problems)?;
    let only = fields.node("only").is_some();
    let without = fields.node("without").is_some();
    let (only_these, without_these) =
        (fields.take("only", list_of(text)), fields.take("without", list_of(text)));
    if only == without {
        let message = "a query is told apart by `only` some parameters, or by all `without` some";
        let help = "such as { only = [\"q\", \"page\"] } or { without = [\"utm_source\"] }";
        let problem = Problem::error(fields.place(), message);
        fields.problems().add(problem.label("expected one of the two").help(help));
    }
    fields.finish();
    match (only_these, without_these) {
        (Some(names), None) if !without => Some(Query::Only(names)),
        (None, Some(names)) if !only => Some(Query::Without(names)),
        _ => None,
    }
}
