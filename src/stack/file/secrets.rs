//! Nothing that is shown shows a password.

use std::ops::Range;

use super::Origin;

const MASK: &str = "***";
/// Of URLs of sockets, which have no place for a user.
const PARAMETERS: [&str; 2] = ["pass=", "password="];

/// A text without its secrets, and how places in it correspond to places in the original.
pub(super) struct Masked {
    pub(super) text: String,
    hidden: Vec<Range<usize>>,
}

impl Masked {
    pub(super) fn of(origin: &Origin) -> Self {
        let text = origin.text();
        let hidden = match origin {
            // A value that is no URL may be a password alone.
            Origin::Variable { name, .. } if is_secret(name) && !text.contains("://") => {
                std::iter::once(name.len() + 1..text.len()).collect()
            }
            _ => hidden(text),
        };
        Self { text: replace(text, &hidden), hidden }
    }

    /// Where a span of the original is now.
    pub(super) fn span(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.at(span.start, 0);
        start..self.at(span.end, MASK.len()).max(start)
    }

    fn at(&self, at: usize, within: usize) -> usize {
        let mut moved = at;
        for hidden in &self.hidden {
            if hidden.end <= at {
                moved = moved - hidden.len() + MASK.len();
            } else if hidden.start < at {
                return moved - (at - hidden.start) + within;
            }
        }
        moved
    }
}

/// A message without secrets.
pub(super) fn masked(text: &str) -> String {
    replace(text, &hidden(text))
}

/// Whether a URL holds a password. A user alone is none.
#[cfg(feature = "redis")]
pub(super) fn has_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    let by_user = user.is_some_and(|(user, _)| user.contains(':') && !user.ends_with(':'));
    by_user || PARAMETERS.iter().any(|name| url.contains(name))
}

fn is_secret(variable: &str) -> bool {
    variable.starts_with("WEIR_REDIS") && variable.ends_with("URL")
}

fn replace(text: &str, hidden: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for hidden in hidden {
        shown.push_str(&text[from..hidden.start]);
        shown.push_str(MASK);
        from = hidden.end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// What is not to be shown of a text, in order and apart from one another.
fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (scheme, _) in text.match_indices("://") {
        let start = scheme + "://".len();
        if found.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let line = start + text[start..].find(['\n', '\r']).unwrap_or(text.len() - start);
        // A password may hold anything, also what ends a URL elsewhere: rather too much is hidden than too little.
        let end = match is_redis(&text[..scheme]) {
            true => line,
            false => start + text[start..line].find(is_end).unwrap_or(line - start),
        };
        if let Some(at) = text[start..end].rfind('@').map(|at| start + at) {
            let from = text[start..at].find(':').map_or(start, |colon| start + colon + 1);
            if from < at {
                found.push(from..at);
            }
        }
        let after = found.last().map_or(start, |last| last.end.max(start));
        for name in PARAMETERS {
            for (at, _) in text[after..line].match_indices(name) {
                let from = after + at + name.len();
                let until = text[from..line].find(|c| c == '&' || is_end(c));
                let until = from + until.unwrap_or(line - from);
                if from < until && !found.iter().any(|hidden| from < hidden.end) {
                    found.push(from..until);
                }
            }
        }
    }
    found
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ']')
}

fn is_redis(before: &str) -> bool {
    let scheme = before.rfind(|c: char| !(c.is_alphanumeric() || c == '+')).map_or(0, |at| at + 1);
    // Whatever character came before the scheme.
    let scheme = before.get(scheme..).unwrap_or(before);
    ["redis", "valkey", "unix"].iter().any(|known| scheme.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_a_url_is() {
        for (text, shown) in [
            ("redis://:s3cret@host:6379/0", "redis://:***@host:6379/0"),
            ("url = \"rediss://user:a/b?c@d\"", "url = \"rediss://user:***@d\""),
            ("url = \"redis://:a\\\"b@host\"", "url = \"redis://:***@host\""),
            ("redis://s3cret@host", "redis://***@host"),
            ("[\"redis://:a@x\", \"redis://:b@y\"]", "[\"redis://:***@y\"]"),
            (
                "redis+unix:///run/r.sock?db=1&pass=a&x=1",
                "redis+unix:///run/r.sock?db=1&pass=***&x=1",
            ),
            (
                "redis://host:6379\n# mail me@example.org",
                "redis://host:6379\n# mail me@example.org",
            ),
            ("https://example.org/@someone", "https://***@someone"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn places_behind_a_password_move_with_it() {
        let text = "url = \"redis://:pässword@host\" # note".to_owned();
        let note = text.find("note").unwrap();
        let password = text.find("pässword").unwrap();
        let origin = Origin::File { path: "weir.toml".into(), text };
        let masked = Masked::of(&origin);
        assert_eq!(&masked.text[masked.span(&(note..note + 4))], "note");
        assert_eq!(&masked.text[masked.span(&(6..note - 3))], "\"redis://:***@host\"");
        assert_eq!(&masked.text[masked.span(&(password + 1..password + 3))], "***");
    }
}
