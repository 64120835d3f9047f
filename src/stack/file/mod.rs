//! From text to settings: every mistake at once, each with its place and a remedy.

mod checks;
mod environment;
mod errors;
mod fields;
mod merged;
mod origin;
mod overlay;
mod parse;
mod presets;
mod problem;
mod reading;
mod redis;
mod render;
mod report;
mod routes;
mod schema;
mod scopes;
mod secrets;
mod sections;
mod settled;
mod syntax;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
mod unknown;
mod values;
mod view;
mod whole;

pub use self::{
    errors::{ConfigErrors, ConfigWarnings},
    presets::preset_text,
    problem::Severity,
    schema::schema,
    view::ConfigProblem,
};
pub(super) use self::{
    fields::Fields,
    origin::Origin,
    problem::{Problem, Problems},
    reading::{Reading, Source, read},
    tree::{Entry, Node, Place, Value},
};
