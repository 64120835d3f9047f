//! What has been done to caches to make them give one client another's response, a wrong one, or none; and what would bring this
//! one down. Each attack has a name, and where it is known from: a paper, a class of vulnerability, a section of an RFC.

mod bodies;
mod conditions;
mod deception;
mod directives;
mod fields;
mod flights;
mod hosts;
mod keys;
mod lifetimes;
mod methods;
mod personal;
mod purges;
mod ranges;
mod statuses;
mod unkeyed;
mod vary;
mod world;
