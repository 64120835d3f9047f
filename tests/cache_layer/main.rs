//! What the cache does as a layer.

mod basics;
mod conformance;
mod parts;
mod parts_mixed;
mod service;
