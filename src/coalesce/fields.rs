use http::{HeaderMap, HeaderName};

/// A copy of the fields of a request, for what its response may vary by: in one piece, since few of them are ever looked at,
/// and to copy a map takes as long as a request of this layer otherwise does.
#[derive(Default)]
pub(super) struct Fields(Box<[u8]>);

/// Bytes of a length.
const PREFIX: usize = size_of::<usize>();

impl Fields {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let size =
            headers.iter().map(|(name, value)| 2 * PREFIX + name.as_str().len() + value.len());
        let mut all = Vec::with_capacity(size.sum());
        let mut push = |part: &[u8]| {
            all.extend_from_slice(&part.len().to_ne_bytes());
            all.extend_from_slice(part);
        };
        for (name, value) in headers {
            push(name.as_ref());
            push(value.as_bytes());
        }
        Self(all.into())
    }

    /// The values of a field, in their order.
    pub(super) fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.0;
        let mut next = move || {
            let (len, after) = rest.split_first_chunk()?;
            let (part, after) = after.split_at_checked(usize::from_ne_bytes(*len))?;
            rest = after;
            Some(part)
        };
        let fields = std::iter::from_fn(move || next().zip(next()));
        fields.filter(move |(other, _)| *other == name.as_str().as_bytes()).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_in_their_order() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("a", "1"), ("b", ""), ("a", "a"), ("ab", "3"), ("a", "1")] {
            headers.append(name, value.parse().unwrap());
        }
        let fields = Fields::of(&headers);
        for name in ["a", "b", "ab", "c"].map(HeaderName::from_static) {
            assert!(fields.values(&name).eq(headers.get_all(&name).iter()), "{name}");
        }
        assert_eq!(Fields::default().values(&HeaderName::from_static("a")).next(), None);
    }
}
