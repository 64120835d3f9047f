//! Batches by their service: who gets what, when batches leave, and what becomes of failures and of those who leave.

mod basics;
mod service;
