//! Routes: each by itself, and all of them together.

mod overlaps;
mod route;

pub(super) use self::{overlaps::overlaps, route::all};
