/// The members of a comma-separated field value, without the white space around them; the empty ones are left out.
///
/// Commas in quoted strings do not separate (RFC 9110 section 5.6.4). A quote that is never closed reaches to the end.
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    rest: &'a [u8],
    /// Whether no quoted string was left open so far.
    closed: bool,
    /// Whether empty members are given too.
    empty: bool,
    done: bool,
}

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a [u8]) -> Self {
        Self { rest: value, closed: true, empty: false, done: false }
    }

    /// With the empty ones.
    pub(super) fn with_empty(value: &'a [u8]) -> Self {
        Self { empty: true, ..Self::of(value) }
    }

    /// Whether all the quoted strings of the members so far were closed.
    pub(super) fn are_closed(&self) -> bool {
        self.closed
    }

    fn cut(&mut self) -> &'a [u8] {
        let (mut quoted, mut escaped) = (false, false);
        for (at, byte) in self.rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted => {
                    let member = &self.rest[..at];
                    self.rest = &self.rest[at + 1..];
                    return trimmed(member);
                }
                _ => {}
            }
        }
        self.done = true;
        self.closed = !quoted;
        trimmed(self.rest)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.done {
            let member = self.cut();
            if self.empty || !member.is_empty() {
                return Some(member);
            }
        }
        None
    }
}

/// Without the spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
pub(super) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether it is a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// The number that the digits write; the largest if it is larger. `None` if there is anything but digits.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(sum.saturating_mul(10).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_split_at_commas_outside_of_quotes() {
        for (value, expected, closed) in [
            ("", &[][..], true),
            (" , ,\t,", &[], true),
            ("a", &["a"], true),
            (" a ,b\t", &["a", "b"], true),
            (r#"a="b, c", d"#, &[r#"a="b, c""#, "d"], true),
            (r#"a="b\", c", d"#, &[r#"a="b\", c""#, "d"], true),
            (r#"a\, b"#, &[r"a\", "b"], true),
            (r#"a, b="c, d"#, &["a", r#"b="c, d"#], false),
            (r#"a="b\"#, &[r#"a="b\"#], false),
        ] {
            let mut members = Members::of(value.as_bytes());
            let found: Vec<_> = members.by_ref().collect();
            let expected: Vec<_> = expected.iter().map(|text| text.as_bytes()).collect();
            assert_eq!((found, members.are_closed()), (expected, closed), "{value}");
        }
    }

    #[test]
    fn numbers_are_digits_only_and_saturate() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("1.0", None),
            (" 1", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }
}
