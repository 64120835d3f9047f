use crate::{
    rate_limit::Policy,
    stack::file::{
        Entry, Fields, Node, Problem, Problems, Value,
        values::{list_of, quota},
    },
};

/// Quotas in a list, or in a table by their names; at least one.
pub(super) fn policies(fields: &mut Fields<'_>) -> Option<Vec<Policy>> {
    let policies = fields.value("policies", Vec::new(), read)?;
    if policies.is_empty() {
        let place = fields.node("policies").map_or(fields.place(), |node| &node.place);
        let problem = Problem::error(place, "a rate limit needs a policy").label("no policy");
        let help = "such as policies = [\"100/minute\"]; rate_limit = false for no limit";
        fields.problems().add(problem.help(help));
    }
    Some(policies)
}

fn read(node: &Node, problems: &mut Problems) -> Option<Vec<Policy>> {
    let Value::Table(entries) = &node.value else {
        let quotas = list_of(quota)(node, problems)?;
        return Some(quotas.into_iter().map(Policy::from).collect());
    };
    let policies: Vec<_> = entries.iter().map(|entry| named(entry, problems)).collect();
    policies.into_iter().collect()
}

fn named(entry: &Entry, problems: &mut Problems) -> Option<Policy> {
    let quota = quota(&entry.node, problems);
    match Policy::try_new(&*entry.key, quota?) {
        Ok(policy) => Some(policy),
        Err(error) => {
            let message = format!("a policy cannot be called {:?}", entry.key);
            let problem = Problem::error(&entry.place, message).label("not a policy's name");
            problems.add(problem.help(error.allowed()));
            None
        }
    }
}
