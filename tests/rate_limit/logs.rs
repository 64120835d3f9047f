//! What the log says, and how often.

use tower_weir::{
    key::{OnMissingKey, PeerIp},
    rate_limit::{Quota, RateLimitLayer},
};

use super::{guarded, warnings::warnings};

#[test]
fn a_missing_key_is_logged_once_with_what_to_do() {
    for (choice, consequence) in [
        (OnMissingKey::Share, "such requests share one key"),
        (OnMissingKey::Reject, "such requests are rejected"),
        (OnMissingKey::Skip, "such requests pass and count for no key"),
    ] {
        let layer = RateLimitLayer::new(Quota::per_second(2)).key(PeerIp).on_missing_key(choice);
        let warnings = warnings(|| {
            guarded(layer).0.passing(10);
        });
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(warning.contains("the request has no peer address"), "{warning}");
        assert!(warning.contains("into_make_service_with_connect_info"), "{warning}");
        assert!(warning.contains(consequence), "{warning}");
    }
}
