//! What `examples/proxy` does on the wire. Nothing here waits for time to pass, except for an upstream that never answers.

#[path = "../../examples/proxy/main.rs"]
#[expect(dead_code, reason = "the tests stand in for `main`")]
mod proxy;

mod arguments;
mod caching;
mod fields;
mod streaming;
mod troubles;
mod wire;
