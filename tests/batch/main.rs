//! Batches by their service: who gets what, when batches leave, and what becomes of failures and of those who leave.

mod basics;
mod brittle;
mod desk;
mod failures;
mod fragile;
mod leaving;
mod panics;
mod service;
mod support;
