use super::support::{errors, reading, source, with_variables};
use crate::stack::file::read;

#[test]
fn nothing_that_is_shown_shows_a_password() {
    for text in [
        "[redis]\nurl = \"redis://:pa55w0rd@host\"\n",
        "[redis]\nurl = \"redis://pa55w0rd@host\" nonsense\n",
        "[redis]\nurl = \"redis://:pa55\\\"w0rd@host\"\ncache = 5\n",
        "[redis]\nurl = [\"redis://a\", \"redis://user:pa55w0rd@host:1\"]\n",
        "[redis]\nurl = redis://:pa55w0rd@host\n",
        "[redis]\nurls = 'rediss://:pa55w0rd@host/0?x=y'\n",
        "[stores]\ncache = 'redis://:pa55w0rd@host'\n",
        "'redis://:pa55w0rd@host' = 1\n",
    ] {
        let Err(errors) = read(&source(text)) else { panic!("{text} must not be read") };
        let views = errors.problems().map(|problem| {
            format!("{problem} {} {:?} {:?}", problem.text(), problem.help(), problem.replacement())
        });
        let views = views.collect::<String>();
        for shown in [errors.to_string(), errors.in_colour(), format!("{errors:?}"), views] {
            assert!(!shown.contains("pa55") && !shown.contains("w0rd"), "{text}\n{shown}");
        }
    }
}

#[test]
fn nor_does_a_variable() {
    for value in
        ["redis://:pa55w0rd@host:port:x", "pa55w0rd", "http://:pa55w0rd@host", "[\"pa55w0rd\""]
    {
        let source = with_variables("watch = 1", &[("WEIR_REDIS_URL", value)]);
        let shown = errors(&source).to_string();
        assert!(!shown.contains("pa55w0rd"), "{value}\n{shown}");
        assert!(!format!("{source:?}").contains("pa55w0rd"));
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_password_in_the_file_is_an_error_that_names_the_variable() {
    let shown = errors(&source("[redis]\nurl = \"redis://:pa55w0rd@host\"\n")).to_string();
    assert!(shown.contains("WEIR_REDIS_URL"), "{shown}");
    assert!(shown.contains("url = \"redis://:***@host\""), "{shown}");
    let text = "[redis]\ncache = true\n";
    for name in ["WEIR_REDIS_URL", "WEIR_REDIS__URL"] {
        let read = reading(&with_variables(text, &[(name, "redis://:pa55w0rd@host")]));
        assert!(!format!("{read:?}").contains("pa55w0rd"));
    }
}

#[test]
fn a_reading_shows_none() {
    let read = reading(&source("[defaults]\nprofile = true\n"));
    assert!(format!("{read:?}").contains("profile"));
}
