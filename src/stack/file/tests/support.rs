use crate::stack::file::{ConfigErrors, ConfigProblem, Reading, Source, read};

pub(super) fn source(text: &str) -> Source {
    Source { name: "weir.toml".to_owned(), text: text.to_owned(), ..Source::default() }
}

pub(super) fn with_variables(text: &str, variables: &[(&str, &str)]) -> Source {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Source { environment: variables.iter().map(owned).collect(), ..source(text) }
}

#[track_caller]
pub(super) fn reading(source: &Source) -> Reading {
    read(source).unwrap_or_else(|errors| panic!("{errors}"))
}

#[track_caller]
pub(super) fn errors(source: &Source) -> ConfigErrors {
    read(source).expect_err("this must not be read")
}

/// Each problem in a line: where it is, what is wrong with which words, and what to write instead.
#[track_caller]
pub(super) fn lines(source: &Source) -> Vec<String> {
    let line = |problem: ConfigProblem<'_>| {
        let instead = problem.replacement().map(|text| format!(" => {text}"));
        format!("{problem} @ {}{}", problem.text(), instead.unwrap_or_default())
    };
    match read(source) {
        Ok(reading) => reading.warnings.problems().map(line).collect(),
        Err(errors) => errors.problems().map(line).collect(),
    }
}
