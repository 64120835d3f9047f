//! Calls that one process makes while others wait for what comes of it: a short lock, and a message when it is given back.

mod claims;
mod waiting;

pub(super) use self::{
    claims::{Claimed, Claims, Token},
    waiting::Waiting,
};
