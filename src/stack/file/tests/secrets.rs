use super::support::{errors, reading, source, with_variables};
use crate::stack::file::read;

#[test]
fn nothing_that_is_shown_shows_a_password() {
    for text in [
        "[redis]\nurl = \"redis://:s3cret@host\"\n",
        "[redis]\nurl = \"redis://s3cret@host\" nonsense\n",
        "[redis]\nurl = \"redis://:s3\\\"cret@host\"\ncache = 5\n",
        "[redis]\nurl = [\"redis://a\", \"redis://user:s3cret@host:1\"]\n",
        "[redis]\nurl = redis://:s3cret@host\n",
        "[redis]\nurls = 'rediss://:s3cret@host/0?x=y'\n",
        "[stores]\ncache = 'redis://:s3cret@host'\n",
        "'redis://:s3cret@host' = 1\n",
    ] {
        let Err(errors) = read(&source(text)) else { panic!("{text} must not be read") };
        let views = errors.problems().map(|problem| {
            format!("{problem} {} {:?} {:?}", problem.text(), problem.help(), problem.replacement())
        });
        let views = views.collect::<String>();
        for shown in [errors.to_string(), errors.in_colour(), format!("{errors:?}"), views] {
            assert!(!shown.contains("s3") && !shown.contains("cret"), "{text}\n{shown}");
        }
    }
}

#[test]
fn nor_does_a_variable() {
    for value in ["redis://:s3cret@host:port:x", "s3cret", "http://:s3cret@host", "[\"s3cret\""] {
        let source = with_variables("watch = 1", &[("WEIR_REDIS_URL", value)]);
        let shown = errors(&source).to_string();
        assert!(!shown.contains("s3cret"), "{value}\n{shown}");
        assert!(!format!("{source:?}").contains("s3cret"));
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_password_in_the_file_is_an_error_that_names_the_variable() {
    let shown = errors(&source("[redis]\nurl = \"redis://:s3cret@host\"\n")).to_string();
    assert!(shown.contains("WEIR_REDIS_URL"), "{shown}");
    assert!(shown.contains("url = \"redis://:***@host\""), "{shown}");
    let text = "[redis]\ncache = true\n";
    for name in ["WEIR_REDIS_URL", "WEIR_REDIS__URL"] {
        let read = reading(&with_variables(text, &[(name, "redis://:s3cret@host")]));
        assert!(!format!("{read:?}").contains("s3cret"));
    }
}

#[test]
fn a_reading_shows_none() {
    let read = reading(&source("[defaults]\nprofile = true\n"));
    assert!(format!("{read:?}").contains("profile"));
}
