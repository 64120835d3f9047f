//! Response caching, from the rules on.

mod rules;
