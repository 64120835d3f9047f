use http::request::Parts;

use super::{KeyExtractor, MissingKey};

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name: KeyExtractor),+> KeyExtractor for ($($name,)+) {
            type Key<'a> = ($($name::Key<'a>,)+);

            fn extract<'a>(&self, parts: &'a Parts) -> Result<Self::Key<'a>, MissingKey> {
                Ok(($(self.$index.extract(parts)?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}
