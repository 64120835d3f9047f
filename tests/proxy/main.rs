//! What `examples/proxy` does on the wire. Nothing here waits for time to pass, except for what is to
//! end because time has passed.

#[path = "../../examples/proxy/main.rs"]
#[expect(dead_code, reason = "the tests stand in for `main`")]
mod proxy;

mod access;
mod admin;
mod arguments;
mod caching;
mod ending;
mod fields;
mod http2;
mod paths;
mod process;
mod slow;
mod streaming;
mod troubles;
mod weir;
mod wire;
