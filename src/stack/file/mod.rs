//! From text to settings: every mistake at once, each with its place and a remedy.

mod errors;
mod fields;
mod problem;
mod reading;
mod schema;
mod sections;
#[cfg(test)]
mod testing;
mod tree;
mod values;

pub use self::errors::ConfigErrors;
pub(super) use self::{
    fields::Fields,
    problem::{Problem, Problems},
    reading::{Reading, Source, read},
    tree::{Entry, Node, Origin, Place, Value},
};
