//! The shape of the file, for editors and for people: types that stand for its tables, whose docs are what both are told.
#![allow(dead_code)] // they are described, never built

mod adaptive;
mod cache;
mod circuit_breaker;
mod concurrency;
#[cfg(test)]
mod conforms;
mod generate;
mod kinds;
mod rate_limit;
#[cfg(test)]
mod reference;
mod switch;
#[cfg(test)]
mod tests;
mod whole;
mod words;

pub use self::generate::schema;
