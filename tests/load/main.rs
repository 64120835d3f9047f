//! What the machine's load is, and what a threshold makes of it.

mod ramp;
mod signals;
