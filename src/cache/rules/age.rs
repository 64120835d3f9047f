use http::{HeaderMap, header::AGE};

use super::list::{number, trimmed};

/// The seconds that a response's `Age` says; 0 without one.
///
/// A value that is no number, or more than one, is as old as can be: nobody knows then how old the response is. RFC 9111
/// section 5.1 would take the first of a list and ignore what is invalid, which may give out something stale.
pub(super) fn age(headers: &HeaderMap) -> u64 {
    let mut values = headers.get_all(AGE).iter();
    let Some(value) = values.next() else { return 0 };
    let seconds = match values.next() {
        Some(_) => None,
        None => number(trimmed(value.as_bytes())),
    };
    seconds.unwrap_or(u64::MAX)
}
