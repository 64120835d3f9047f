//! The stack at work: built of settings, swapped for another when they change.

mod live;

pub(super) use self::live::{Live, Stack};
