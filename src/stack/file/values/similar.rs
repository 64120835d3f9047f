/// What was probably meant, of what is known.
pub(in crate::stack::file) fn similar<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace(['-', ' '], "_");
    let given = plain(given);
    let length = given.chars().count();
    // Of a very long word nothing is meant, and to compare it takes its length squared.
    if !(1..=64).contains(&length) {
        return None;
    }
    let distance = |candidate: &str| {
        let candidate = plain(candidate);
        let begins = length >= 3 && candidate.starts_with(&*given);
        if begins { 1 } else { strsim::osa_distance(&given, &candidate) }
    };
    let candidates = known.into_iter().map(|candidate| (distance(candidate), candidate));
    let (distance, candidate) = candidates.min_by_key(|(distance, _)| *distance)?;
    (distance <= (length / 3).clamp(1, 3)).then_some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let known = ["failures", "successes", "all"];
        for (given, meant) in [
            ("failure", Some("failures")),
            ("FAILURES", Some("failures")),
            ("sucesses", Some("successes")),
            ("succ", Some("successes")),
            ("al", Some("all")),
            ("everything", None),
            ("", None),
        ] {
            assert_eq!(similar(given, known), meant, "{given}");
        }
        assert_eq!(
            similar("if-declared-shareable", ["if_declared_shareable"]),
            Some("if_declared_shareable")
        );
        assert_eq!(similar(&"a".repeat(100_000), known), None);
    }
}
