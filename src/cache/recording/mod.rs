//! A body that is written down while any number of clients read it.

mod pump;
mod reader;
mod tape;
#[cfg(test)]
mod tests;

pub(super) use self::{
    pump::{Ending, pump},
    reader::Reader,
    tape::Recording,
};
