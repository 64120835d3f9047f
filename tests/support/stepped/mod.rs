//! A service that goes step by step, behind a layer whose calls many may wait for.

mod play;
mod polled;
mod service;
mod steps;
mod world;

pub(crate) use self::{
    play::{Failure, Play},
    polled::polled,
    service::{Inner, Seen},
    steps::{Gate, Step, Steps, data},
    world::{Client, Got, World, get, runtime, settle},
};
