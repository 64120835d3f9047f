//! What the log says, and how often.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tower_weir::{
    key::{OnMissingKey, PeerIp},
    rate_limit::{Quota, RateLimitLayer},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

use super::guarded;

/// Keeps the messages of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_missing_key_is_logged_once_with_what_to_do() {
    for (choice, consequence) in [
        (OnMissingKey::Share, "such requests share one key"),
        (OnMissingKey::Reject, "such requests are rejected"),
        (OnMissingKey::Skip, "such requests pass and count for no key"),
    ] {
        let warnings = Warnings::default();
        let layer = RateLimitLayer::new(Quota::per_second(2)).key(PeerIp).on_missing_key(choice);
        with_default(warnings.clone(), || guarded(layer).0.passing(10));
        let warnings = warnings.0.lock().unwrap();
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(warning.contains("the request has no peer address"), "{warning}");
        assert!(warning.contains("into_make_service_with_connect_info"), "{warning}");
        assert!(warning.contains(consequence), "{warning}");
    }
}
