use super::{KeyExtractor, MissingKey};
use crate::head::Head;

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name: KeyExtractor),+> KeyExtractor for ($($name,)+) {
            type Key<'a> = ($($name::Key<'a>,)+);

            fn extract<'a>(&self, head: &Head<'a>) -> Result<Self::Key<'a>, MissingKey> {
                Ok(($(self.$index.extract(head)?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}
