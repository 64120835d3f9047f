#![no_main]

#[path = "../../tests/support/cache_checks.rs"]
#[allow(dead_code, reason = "each target has its own check")]
mod cache_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cache_checks::fingerprint(bytes));
