use std::{fmt, str::FromStr};

use super::matcher::{bare, subject};
use crate::error::ConfigError;

/// Which URIs a purge is of: a text in which `*`, `**` and `?` stand for others.
///
/// ```
/// use tower_weir::cache::Pattern;
///
/// let of_one_user: Pattern = "https://example.com/users/7/**".parse()?;
/// assert!(of_one_user.matches("https://example.com/users/7/posts/1?page=2"));
/// assert!(!of_one_user.matches("https://example.com/users/71/posts"));
///
/// let on_any_host: Pattern = "/users/*".parse()?;
/// assert!(on_any_host.matches("https://example.com/users/7?page=2"));
/// assert!(!on_any_host.matches("https://example.com/users/7/posts"));
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// | in the pattern | stands for |
/// |---|---|
/// | `*` | any characters, or none, but no `/` |
/// | `**` | any characters, or none |
/// | `?` | one character, but not `/` |
/// | `\` | nothing; the character after it stands for itself |
/// | any other | itself |
///
/// It must match the whole URI, with authority and query; the scheme does not count. A pattern that begins with `/` matches the
/// path and query of URIs with any authority. Letters match in their own case only; hosts are stored in lower case.
///
/// A question mark before a query is also matched by `?`; to match no other, write `\?`. Matching takes time in proportion to
/// the length of the URI, and of the pattern, whatever they are.
#[derive(Clone)]
pub struct Pattern {
    text: Box<str>,
    /// What it begins with, up to where something stands for others.
    literal: Box<str>,
    /// The rest.
    tokens: Box<[Token]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    Just(char),
    /// One that is no `/`.
    One,
    /// Any number without `/`.
    Segment,
    /// Any number.
    Any,
}

/// The longest pattern, in bytes.
const LONGEST: usize = 1024;

impl Pattern {
    /// Whether it matches `uri`.
    pub fn matches(&self, uri: &str) -> bool {
        let subject = subject(bare(&self.text), uri);
        subject.strip_prefix(&*self.literal).is_some_and(|rest| matches(&self.tokens, rest))
    }
}

/// Whether `tokens` match all of `text`.
///
/// Follows all ways through the tokens at once (Thompson, 1968), so that no text makes it try one again and again.
fn matches(tokens: &[Token], text: &str) -> bool {
    let (mut now, mut next) = (Ways::new(tokens), Ways::new(tokens));
    now.enter(0);
    for char in text.chars() {
        for &at in &now.places {
            match tokens.get(at) {
                Some(Token::Just(own)) if *own == char => next.enter(at + 1),
                Some(Token::One) if char != '/' => next.enter(at + 1),
                Some(Token::Segment) if char != '/' => next.enter(at),
                Some(Token::Any) => next.enter(at),
                _ => {}
            }
        }
        std::mem::swap(&mut now, &mut next);
        next.leave();
        if now.places.is_empty() {
            return false;
        }
    }
    now.entered[tokens.len()]
}

/// How many tokens may have been matched so far: every number that is possible.
struct Ways<'a> {
    tokens: &'a [Token],
    places: Vec<usize>,
    entered: Vec<bool>,
}

impl<'a> Ways<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, places: Vec::new(), entered: vec![false; tokens.len() + 1] }
    }

    /// Also past the tokens that match nothing at all.
    fn enter(&mut self, mut at: usize) {
        while !std::mem::replace(&mut self.entered[at], true) {
            self.places.push(at);
            if !matches!(self.tokens.get(at), Some(Token::Segment | Token::Any)) {
                break;
            }
            at += 1;
        }
    }

    fn leave(&mut self) {
        for at in self.places.drain(..) {
            self.entered[at] = false;
        }
    }
}

impl FromStr for Pattern {
    type Err = ConfigError;

    /// # Errors
    ///
    /// If no URI could match: the pattern is empty, begins with neither `/` nor `**` and has no `://`, ends in a lone `\`, or
    /// has three `*` in a row; or if it is longer than 1,024 bytes.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let error = |allowed: &'static str| ConfigError::new("purge pattern", text, allowed);
        if text.len() > LONGEST {
            return Err(error("must be at most 1,024 bytes long"));
        }
        if !text.starts_with(['/', '*']) && !text.contains("://") {
            return Err(error("must begin with a scheme and `://`, with `/` or with `**`"));
        }
        let tokens = parse(bare(text)).map_err(error)?;
        if tokens.first() == Some(&Token::Segment) && !text.contains("://") {
            return Err(error("must begin with a scheme and `://`, with `/` or with `**`"));
        }
        let literal: Box<str> = tokens.iter().map_while(|token| token.literal()).collect();
        let tokens = tokens[literal.chars().count()..].into();
        Ok(Self { text: text.into(), literal, tokens })
    }
}

impl Token {
    const fn literal(&self) -> Option<char> {
        if let Self::Just(char) = *self { Some(char) } else { None }
    }
}

fn parse(text: &str) -> Result<Vec<Token>, &'static str> {
    let (mut tokens, mut chars) = (Vec::new(), text.chars());
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '\\' => Token::Just(chars.next().ok_or("must have a character after the last `\\`")?),
            '?' => Token::One,
            '*' if chars.as_str().starts_with("**") => {
                return Err("must have no more than two `*` in a row");
            }
            '*' if chars.as_str().starts_with('*') => {
                chars.next();
                Token::Any
            }
            '*' => Token::Segment,
            char => Token::Just(char),
        });
    }
    Ok(tokens)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

#[cfg(test)]
mod tests;
