use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

#[test]
fn stars_and_question_marks_stand_for_others() {
    for (text, matched, others) in [
        ("/", &["/", "http://a", "http://a/"][..], &["//", "/a", "https://a//"][..]),
        ("/a", &["/a", "https://h/a"], &["/", "/a/", "/ab", "/A", "https://h/b/a"]),
        ("/a*", &["/a", "/ab", "/a?b=c"], &["/a/b", "/b"]),
        ("/*/c", &["//c", "/ab/c"], &["/c", "/a/b/c"]),
        ("/**/c", &["//c", "/a/b/c"], &["/c", "/a/b/cd"]),
        ("/a?c", &["/abc", "/a?c"], &["/ac", "/a/c", "/abbc"]),
        (r"/a\?c=\*", &["/a?c=*"], &["/abc=*", "/a?c=d"]),
        (r"/a\\b", &[r"/a\b"], &["/ab"]),
        ("https://h/**", &["https://h/", "http://h/a?b"], &["https://g/", "https://h", "/a"]),
        ("*://h/a", &["http://h/a", "https://h/a"], &["/a", "http://hh/a"]),
        ("http://*.h/a", &["http://b.h/a", "http://b.c.h/a"], &["http://h/a", "http://x/.h/a"]),
        ("**", &["", "/", "https://h/a?b"], &[]),
        ("**é?", &["/éß"], &["/é", "/éé/"]),
    ] {
        let pattern = pattern(text);
        for uri in matched {
            assert!(pattern.matches(uri), "{text} does not match {uri}");
        }
        for uri in others {
            assert!(!pattern.matches(uri), "{text} matches {uri}");
        }
    }
}

#[test]
fn a_pattern_that_could_match_nothing_is_an_error() {
    let error = |text: &str| text.parse::<Pattern>().unwrap_err().to_string();
    for text in ["", "a", "*", "*/a", "?", "example.com/users/*"] {
        assert!(error(text).contains("must begin with"), "{text}");
    }
    assert!(error(r"/a\").contains("after the last"));
    assert!(error("/a/***").contains("no more than two"));
    assert!(error(&"/".repeat(1025)).contains("at most 1,024"));
    assert_eq!(
        error("users/*"),
        "invalid purge pattern `users/*`: must begin with a scheme and `://`, with `/` or with `**`",
    );
}

#[test]
fn it_is_written_as_it_was_read() {
    let text = r"https://example.com/**/a?\?b=*";
    assert_eq!(pattern(text).to_string(), text);
    assert_eq!(pattern(text), pattern(text));
    assert_ne!(pattern("/a*"), pattern("/a"));
}

/// What takes a matcher that tries one way after the other longer than anyone waits.
#[test]
fn many_stars_over_a_long_uri_are_no_trouble() {
    let pattern = pattern(&format!("/{}b", "**a".repeat(300)));
    assert!(!pattern.matches(&format!("/{}", "a".repeat(5_000))));
    assert!(pattern.matches(&format!("/{}b", "a".repeat(5_000))));
}

/// By the definition, one way after the other.
fn naive(tokens: &[Token], text: &[char]) -> bool {
    let Some((token, tokens_after)) = tokens.split_first() else {
        return text.is_empty();
    };
    let one = |is: fn(char, &Token) -> bool| {
        text.split_first().filter(|(char, _)| is(**char, token)).map(|(_, after)| after)
    };
    match token {
        Token::Just(_) => one(|char, token| *token == Token::Just(char))
            .is_some_and(|text| naive(tokens_after, text)),
        Token::One => one(|char, _| char != '/').is_some_and(|text| naive(tokens_after, text)),
        Token::Segment => {
            naive(tokens_after, text)
                || one(|char, _| char != '/').is_some_and(|text| naive(tokens, text))
        }
        Token::Any => {
            naive(tokens_after, text) || one(|_, _| true).is_some_and(|text| naive(tokens, text))
        }
    }
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        3 => prop::sample::select(vec!['a', 'b', '/']).prop_map(Token::Just),
        1 => Just(Token::One),
        1 => Just(Token::Segment),
        1 => Just(Token::Any),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn all_ways_at_once_find_what_one_after_the_other_finds(
        tokens in prop::collection::vec(token(), 0..8),
        text in "[ab/]{0,10}",
    ) {
        let chars: Vec<char> = text.chars().collect();
        prop_assert_eq!(matches(&tokens, &text), naive(&tokens, &chars));
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in any::<String>(), uri in any::<String>()) {
        if let Ok(pattern) = text.parse::<Pattern>() {
            pattern.matches(&uri);
        }
    }

    #[test]
    fn an_escaped_uri_matches_itself_alone(uri in "/[a*?/]{0,6}", other in "/[a*?/]{0,6}") {
        let escaped: String = uri.chars().flat_map(|char| ['\\', char]).skip(1).collect();
        prop_assert_eq!(pattern(&escaped).matches(&other), uri == other);
    }
}
