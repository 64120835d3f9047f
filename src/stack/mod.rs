//! The whole stack from one file, reloaded while it runs.
#![allow(dead_code, unused_imports)] // while it is being built

mod file;
mod overview;
mod running;
mod service;
mod settings;

pub use self::file::{ConfigErrors, ConfigProblem, ConfigWarnings, Severity, schema};
pub use self::overview::{Checked, Explanation, Overview};
pub use self::running::{Builder, Handle, Reloaded, Weir};
pub use self::service::{ResponseFuture, WeirBody, WeirLayer, WeirService};
