use super::support::{errors, lines, source};

#[test]
fn what_is_not_toml_does_not_hide_the_rest() {
    let text = "watch = 30s\n\n[defaults]\nprofile = True\ncache = { ttl = \"1x\" }\n\n[defaults]\n\n[[route]\npath = '/a'\n";
    let found = lines(&source(text));
    assert_eq!(
        found[..4],
        [
            "weir.toml:1:9: `30s` is a text without quotes @ 30s => \"30s\"",
            "weir.toml:4:11: `True` is not a value @ True => true",
            "weir.toml:5:19: unknown unit of time `x` @ x => s",
            "weir.toml:7:2: `defaults` is there twice @ defaults",
        ],
        "{found:#?}"
    );
    assert!(found[4].starts_with("weir.toml:9:"), "{found:#?}");
}

#[test]
fn a_line_that_is_not_toml_has_one_error() {
    assert_eq!(
        lines(&source("watch = 1x 2\nstores = { cache = 5, }\npreset = \"production\n")).len(),
        2
    );
    assert_eq!(lines(&source("preset\n")).len(), 1);
    assert_eq!(lines(&source("watch =\n")).len(), 1);
}

#[test]
fn lines_and_columns_are_those_of_an_editor() {
    let place = |text: &str| {
        let errors = errors(&source(text));
        let problem = errors.problems().next().unwrap();
        (problem.line(), problem.column(), problem.text())
    };
    assert_eq!(place("x = 1"), (1, 1, "x".to_owned()));
    assert_eq!(place("\u{feff}x = 1"), (1, 1, "x".to_owned()));
    assert_eq!(place("# ä\r\n\r\n\t\"ü\" = 1\r\n"), (3, 2, "\"ü\"".to_owned()));
    assert_eq!(place("stores = { 'äöü' = 1 }"), (1, 12, "'äöü'".to_owned()));
    assert_eq!(place("stores.cache = 'ä ß'"), (1, 16, "'ä ß'".to_owned()));
    assert_eq!(place("watch = "), (1, 9, String::new()));
}

#[test]
fn numbers_that_are_too_large_are_said_to_be() {
    assert_eq!(
        lines(&source("stores.cache = 99999999999999999999\n"))[0],
        "weir.toml:1:16: `99999999999999999999` is not a number that can be kept @ 99999999999999999999"
    );
}
