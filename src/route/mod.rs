//! Which route a request belongs to: to look up what is configured for it, and to name it in numbers.
//!
//! [`RouteTable`] maps path patterns and methods to values of any kind, the same in axum, hyper and tonic. [`RouteLabels`]
//! gives each request a label of bounded variety, whatever clients send.

mod label;
mod names;
mod path;
mod table;

pub use self::{
    label::{RouteLabel, RouteLabels, UNMATCHED},
    table::RouteTable,
};
#[cfg(any(feature = "cache", feature = "profile"))]
pub(crate) use self::{
    label::{RouteName, RouteNamer},
    names::Names,
};
