//! A body that is written down while any number of clients read it.

mod given;
mod pump;
mod reader;
mod tape;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    given::GivenBody,
    pump::{Ending, pump},
    reader::Reader,
    tape::Recording,
};
