//! What settings come to, for people: a table of all routes, and all that holds for one request.

mod checked;
mod explanation;
mod grid;
mod spelled;
mod summary;
mod table;

pub use self::{checked::Checked, explanation::Explanation, table::Overview};
