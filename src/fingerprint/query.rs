use std::collections::BTreeSet;

use super::KeyBytes;

/// How the query of a URI enters its [`Fingerprint`](super::Fingerprint).
///
/// ```
/// use tower_weir::cache::{Fingerprint, Query};
///
/// // Links from newsletters carry parameters that no page depends on.
/// let fingerprint = Fingerprint::builder().query(Query::without(["utm_source", "utm_campaign", "fbclid"]));
/// ```
///
/// Only drop what no handler looks at: the first response for any value of it is the response for all.
#[derive(Clone, Debug, Default)]
pub struct Query(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    AsIs,
    Sorted(Which),
}

/// Which parameters count.
#[derive(Clone, Debug)]
enum Which {
    All,
    Only(BTreeSet<Box<[u8]>>),
    AllBut(BTreeSet<Box<[u8]>>),
}

impl Query {
    /// As the client sent it: `?a=1&b=2` is not `?b=2&a=1`. This is the default; it can never be wrong.
    pub const fn as_is() -> Self {
        Self(Kind::AsIs)
    }

    /// With its parameters sorted by name; those of one name stay in their order.
    pub const fn sorted() -> Self {
        Self(Kind::Sorted(Which::All))
    }

    /// Only these parameters, sorted by name.
    pub fn only<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(Kind::Sorted(Which::Only(set(names))))
    }

    /// All but these parameters, sorted by name.
    pub fn without<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(Kind::Sorted(Which::AllBut(set(names))))
    }

    /// Not at all.
    pub fn ignored() -> Self {
        Self::only([""; 0])
    }

    /// Appends what counts of `query`, with the question mark; nothing if there is none, or none of it counts.
    pub(super) fn write(&self, query: Option<&str>, key: &mut KeyBytes) {
        let Some(query) = query else { return };
        match &self.0 {
            Kind::AsIs => {
                key.push(b"?");
                key.push(query.as_bytes());
            }
            Kind::Sorted(which) => {
                let mut counted: Vec<&[u8]> = query
                    .as_bytes()
                    .split(|byte| *byte == b'&')
                    .filter(|parameter| which.counts(parameter))
                    .collect();
                counted.sort_by_key(|parameter| name(parameter));
                for (n, parameter) in counted.into_iter().enumerate() {
                    key.push(if n == 0 { b"?" } else { b"&" });
                    key.push(parameter);
                }
            }
        }
    }
}

impl Which {
    /// What may be another parameter, or more than one, to the service counts whatever its name is here: else whoever writes it
    /// so decides what all get who write it plainly (Kettle, "Web Cache Entanglement", 2020).
    fn counts(&self, parameter: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) if names.is_empty() => false,
            Self::Only(names) => is_disguised(parameter) || names.contains(name(parameter)),
            Self::AllBut(names) => is_disguised(parameter) || !names.contains(name(parameter)),
        }
    }
}

/// Whether a service may read another name than is written, or a second parameter behind a semicolon.
fn is_disguised(parameter: &[u8]) -> bool {
    parameter.contains(&b';') || name(parameter).iter().any(|byte| b"%+".contains(byte))
}

/// As it is in the URI.
fn name(parameter: &[u8]) -> &[u8] {
    parameter.split(|byte| *byte == b'=').next().unwrap_or_default()
}

fn set<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> BTreeSet<Box<[u8]>> {
    names.into_iter().map(|name| name.as_ref().as_bytes().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(by: &Query, query: &str) -> String {
        let mut key = KeyBytes::default();
        by.write(Some(query), &mut key);
        String::from_utf8(key.bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_counts_is_written_in_the_order_of_names() {
        let of = "b=2&a=2&utm=x&a=1&&c";
        assert_eq!(written(&Query::as_is(), of), "?b=2&a=2&utm=x&a=1&&c");
        assert_eq!(written(&Query::sorted(), of), "?&a=2&a=1&b=2&c&utm=x");
        assert_eq!(written(&Query::only(["a", "c"]), of), "?a=2&a=1&c");
        assert_eq!(written(&Query::without(["utm", ""]), of), "?a=2&a=1&b=2&c");
        assert_eq!(written(&Query::ignored(), of), "");
    }

    #[test]
    fn an_empty_query_is_not_the_same_as_none() {
        let mut none = KeyBytes::default();
        Query::as_is().write(None, &mut none);
        assert_eq!(none.bytes(), b"");
        assert_eq!(written(&Query::as_is(), ""), "?");
    }

    #[test]
    fn what_the_service_may_read_otherwise_counts() {
        assert_eq!(written(&Query::only(["a"]), "%61=1&a=2&b=3"), "?%61=1&a=2");
        assert_eq!(written(&Query::without(["a"]), "%61=1&a=2"), "?%61=1");
        for query in [Query::only(["b"]), Query::without(["a"])] {
            assert_eq!(written(&query, "a=1;b=2&a=3"), "?a=1;b=2");
            assert_eq!(written(&query, "a=1%3bb=2"), "", "a value may be anything");
        }
        assert_eq!(written(&Query::ignored(), "%61=1;b"), "");
    }
}
