use super::support::{errors, source};

const TEXT: &str = r#"[defaults]
rate_limit = { key = "peer_ip", policies = ["20/fortnight"] }
concurrency = { max_que = 64 }

[[route]]
path = "/users/{id}"
cache = { ttl = "30x" }

[[route]]
path = "/users/{name}"
profile = true

[[route]]
path = "/search?q=1"
profile = true
"#;

#[test]
fn five_mistakes_are_five_errors_with_places_words_and_remedies() {
    let errors = errors(&source(TEXT));
    let found: Vec<_> = errors
        .problems()
        .map(|problem| {
            let remedy = problem.replacement().or(problem.help()).unwrap_or_default();
            (problem.line(), problem.column(), problem.text(), remedy)
        })
        .collect();
    let expected = [
        (2, 49, "fortnight", "a quota such as"),
        (3, 17, "max_que", "max_queue"),
        (7, 20, "x", "s"),
        (10, 8, "\"/users/{name}\"", "parameters match alike"),
        (14, 16, "?q=1", "a path such as"),
    ];
    assert_eq!(found.len(), expected.len(), "{errors}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.0, found.1, &*found.2), (expected.0, expected.1, expected.2), "{errors}");
        assert!(found.3.starts_with(expected.3), "{found:?}");
    }
}

#[test]
fn they_are_shown_as_rustc_shows_its_own() {
    let text = "[defaults]\nconcurrency = { max_que = 64 }\n";
    assert_eq!(
        errors(&source(text)).to_string(),
        "\
error: unknown key `max_que`
 --> weir.toml:2:17
  |
2 | concurrency = { max_que = 64 }
  |                 ^^^^^^^ did you mean `max_queue`?
  |
help: a similar one is known: `max_queue`
  |
2 | concurrency = { max_queue = 64 }
  |                        ++

1 error in weir.toml"
    );
}

#[test]
fn two_places_are_shown_together() {
    let text = "[[route]]\npath = '/a/{x}'\nprofile = true\n\n\n\n[[route]]\npath = '/a/{y}'\nprofile = true\n";
    assert_eq!(
        errors(&source(text)).to_string(),
        "\
error: the routes `/a/{x}` and `/a/{y}` overlap
 --> weir.toml:8:8
  |
2 | path = '/a/{x}'
  |        -------- the first
...
8 | path = '/a/{y}'
  |        ^^^^^^^^ the second
  |
  = help: parameters match alike whatever they are called: merge the two

1 error in weir.toml"
    );
}

#[test]
fn colours_are_for_terminals_only() {
    let errors = errors(&source("x = 1"));
    assert!(errors.in_colour().contains("\u{1b}["));
    assert!(!errors.to_string().contains('\u{1b}'));
    assert!(format!("{errors:?}").contains("^ not known here"), "{errors:?}");
}
