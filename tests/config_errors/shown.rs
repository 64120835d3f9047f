use tower_weir::stack::{Checked, ConfigErrors, Severity, Weir};

fn check(text: &str, variables: &[(&str, &str)]) -> Result<Checked, ConfigErrors> {
    Weir::builder().text(text).environment(variables.iter().copied()).check()
}

#[track_caller]
fn errors(text: &str, variables: &[(&str, &str)]) -> ConfigErrors {
    check(text, variables).expect_err("this must not be read")
}

#[test]
fn five_different_mistakes_are_all_named_at_once() {
    let text = r#"[defaults]
rate_limit  = { key = "peer_ip", policies = ["100/fortnight", "20/second"] }
concurrency = { limit = "adaptive", max_que = 64 }

[[route]]
path = "/users/{id}"
cache = { ttl = "30x" }

[[route]]
path = "/users/{name}"
cache = false

[[route]]
path = "/search"
methods = []
cache = { ttl = "30s" }
"#;
    assert_eq!(
        errors(text, &[]).to_string(),
        r#"error: "100/fortnight" is not a quota: unknown unit `fortnight`
 --> the text:2:51
  |
2 | rate_limit  = { key = "peer_ip", policies = ["100/fortnight", "20/second"] }
  |                                                   ^^^^^^^^^ allowed: second, minute, hour, day, or s, m, h, d
  |
  = help: a quota such as "20/second", "100/minute; burst=50" or "1 per 250ms"

error: unknown key `max_que`
 --> the text:3:37
  |
3 | concurrency = { limit = "adaptive", max_que = 64 }
  |                                     ^^^^^^^ did you mean `max_queue`?
  |
help: a similar one is known: `max_queue`
  |
3 | concurrency = { limit = "adaptive", max_queue = 64 }
  |                                            ++

error: unknown unit of time `x`
 --> the text:7:20
  |
7 | cache = { ttl = "30x" }
  |                    ^ did you mean `s`?
  |
help: a number and a unit (ns, us, ms, s, m, h, d, w), such as "100ms", "30s" or "1h 30m"
  |
7 - cache = { ttl = "30x" }
7 + cache = { ttl = "30s" }
  |

error: the routes `/users/{id}` and `/users/{name}` overlap
  --> the text:10:8
   |
 6 | path = "/users/{id}"
   |        ------------- the first
...
10 | path = "/users/{name}"
   |        ^^^^^^^^^^^^^^^ the second
   |
   = help: parameters match alike whatever they are called: merge the two

error: a route without methods is never met
  --> the text:15:11
   |
15 | methods = []
   |           ^^ no method
   |
   = help: leave `methods` out to mean all of them

5 errors in the text"#
    );
}

#[test]
fn each_has_its_place_its_words_and_what_to_write_instead() {
    let errors =
        errors("# ä\r\n[defaults]\r\n\tcache = { 'ttl' = '5 parsecs', tll = '1s' }\r\n", &[]);
    let found: Vec<_> = errors
        .problems()
        .map(|it| (it.severity(), it.line(), it.column(), it.text(), it.replacement()))
        .collect();
    assert_eq!(
        found,
        [
            (Severity::Error, 3, 23, "parsecs".to_owned(), None),
            (Severity::Error, 3, 33, "tll".to_owned(), Some("ttl".to_owned())),
        ]
    );
    let line = "the text:3:33: unknown key `tll`";
    assert_eq!(errors.problems().last().unwrap().to_string(), line);
}

#[test]
fn a_mistake_in_a_variable_is_shown_in_the_variable() {
    let variables = [("WEIR_DEFAULTS__CONCURRENCY__LIMIT", "many")];
    assert_eq!(
        errors("", &variables).to_string(),
        r#"error: unknown word "many"
 --> WEIR_DEFAULTS__CONCURRENCY__LIMIT:1:35
  |
1 | WEIR_DEFAULTS__CONCURRENCY__LIMIT=many
  |                                   ^^^^ nothing that is known here
  |
  = help: one of "adaptive", "verified_gradient", "gradient2", "vegas", "aimd"

1 error in the environment"#
    );
}

#[test]
fn what_is_suspicious_is_shown_alike_and_hinders_nothing() {
    let checked = check("[[route]]\npath = '/search'\n", &[]).unwrap();
    assert_eq!(
        checked.warnings().to_string(),
        "\
warning: this route says nothing
 --> the text:1:1
  |
1 | [[route]]
  | ^^^^^^^^^ has all that it has from the defaults
  |
  = help: leave it out, or say what is different here

1 warning in the text"
    );
    assert!(check("", &[]).unwrap().warnings().is_empty());
}

#[test]
fn a_terminal_gets_colours_and_a_log_gets_none() {
    let errors = errors("x = 1", &[]);
    assert!(errors.in_colour().contains("\u{1b}["));
    assert!(!errors.to_string().contains('\u{1b}'));
    // What `unwrap` prints is for people too.
    assert!(format!("{errors:?}").ends_with(&errors.to_string()));
}

#[test]
fn of_more_mistakes_than_anybody_reads_the_first_are_shown() {
    let text: String = (0..1_000).map(|n| format!("unheard_of_{n} = 'redis://a:b@c'\n")).collect();
    let errors = Weir::builder().environment([("", ""); 0]).text(text).check().unwrap_err();
    assert_eq!(errors.problems().len(), 1_000);
    let shown = errors.to_string();
    assert!(shown.ends_with("\n1000 errors in the text, 900 of which are not shown"), "{shown}");
    assert!(shown.contains("unheard_of_99`") && !shown.contains("unheard_of_100`"), "{shown}");
    assert!(errors.in_colour().len() < 100_000);
}
