//! Batches of HTTP requests: what is read, what the service sees, and what clients are told.

#[path = "../support/warnings.rs"]
#[allow(dead_code)]
mod warnings;

mod bodies;
mod clients;
mod deadlines;
mod failures;
mod kit;
mod refusals;
mod requests;
