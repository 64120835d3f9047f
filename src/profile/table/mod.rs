//! The numbers as a table for a terminal.

mod axis;
mod layout;
mod words;

pub(super) use self::layout::Table;
