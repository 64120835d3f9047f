use http::HeaderValue;

use super::list::{Members, is_token, is_token_byte, number};

/// What follows the name of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument<'a> {
    Absent,
    /// A token, or what is between quotes.
    Text(&'a [u8]),
    /// It breaks the grammar. Such a directive may forbid, and not grant.
    Malformed,
}

impl Argument<'_> {
    /// As seconds: what is no number is 0, which makes stale what it is said of. Beyond what can be held it is the most that
    /// can be (RFC 9111 section 1.2.2).
    pub(super) fn seconds(self) -> u32 {
        self.valid_seconds().unwrap_or(0)
    }

    pub(super) fn valid_seconds(self) -> Option<u32> {
        let Self::Text(text) = self else { return None };
        number(text).map(|seconds| seconds.try_into().unwrap_or(u32::MAX))
    }
}

/// Gives every directive of the lines of a `Cache-Control` field to `take`, its name in lower case.
///
/// A member that breaks the grammar of RFC 9111 section 5.2 is given as the words in it, each with
/// [`Argument::Malformed`], so that `private; max-age=60` still is private and not fresh.
pub(super) fn each<'a>(
    lines: impl IntoIterator<Item = &'a HeaderValue>,
    mut take: impl FnMut(&[u8], Argument<'a>),
) {
    for line in lines {
        let mut members = Members::of(line.as_bytes());
        while let Some(member) = members.next() {
            match directive(member) {
                Some((name, argument)) if members.are_closed() => {
                    in_lower_case(name, |name| take(name, argument));
                }
                _ => {
                    for word in member.split(|byte| !is_token_byte(*byte)) {
                        in_lower_case(word, |name| take(name, Argument::Malformed));
                    }
                }
            }
        }
    }
}

fn directive(member: &[u8]) -> Option<(&[u8], Argument<'_>)> {
    let equals = member.iter().position(|byte| *byte == b'=');
    let Some(equals) = equals else {
        return is_token(member).then_some((member, Argument::Absent));
    };
    let (name, argument) = (&member[..equals], &member[equals + 1..]);
    let text = match argument {
        [b'"', text @ .., b'"'] if !text.contains(&b'"') && !text.contains(&b'\\') => text,
        // An argument with escapes in it is none that a directive known here could have.
        [b'"', .., b'"'] => return is_token(name).then_some((name, Argument::Malformed)),
        token if is_token(token) => token,
        _ => return None,
    };
    is_token(name).then_some((name, Argument::Text(text)))
}

/// Longer than the name of every directive that is known here.
const LONGEST: usize = 24;

fn in_lower_case(name: &[u8], take: impl FnOnce(&[u8])) {
    let mut lower = [0; LONGEST];
    if let Some(lower) = lower.get_mut(..name.len()) {
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        take(lower);
    }
}
