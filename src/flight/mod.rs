//! One piece of work for many who want its result at the same time.
//!
//! Whoever asks first for a key leads: does the work, and lands with the result. Whoever asks while it is under way follows,
//! and gets a clone. If the leader goes without landing, one of those who follow leads in its place.
