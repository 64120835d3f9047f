//! What the log says, and how often.

use std::{fmt, sync::Mutex};

use http::HeaderName;
use tower_weir::key::Header;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

use super::*;

/// Keeps what is logged, above debugging.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        struct Fields(String);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0 += &format!(" {}={value:?}", field.name());
            }
        }
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What is logged when it happens for the second time. At the first, other tests may just be making the same events known to
/// tracing, which then holds that nobody listens.
fn logged(test: impl Fn()) -> Vec<String> {
    with_default(Log::default(), &test);
    let log = Log::default();
    with_default(log.clone(), test);
    log.0.lock().unwrap().clone()
}

#[test]
fn an_opening_is_a_warning_and_a_closing_is_told() {
    let log = logged(|| {
        let broken = Broken::plain();
        broken.calls(100, 500);
        broken.pass(5);
        broken.calls(100, 200);
    });
    let [opened, closed] = &log[..] else { panic!("{log:#?}") };
    assert!(opened.starts_with("WARN message=circuit breaker opened"), "{opened}");
    for field in ["breaker=\"default\"", "too many calls failed", "open_for=Some(5s)", "failures=4"]
    {
        assert!(opened.contains(field), "{opened}");
    }
    assert!(closed.starts_with("INFO message=circuit breaker closed"), "{closed}");
}

#[test]
fn a_missing_key_and_a_lack_of_room_are_logged_once() {
    let log = logged(|| {
        let key = Header(HeaderName::from_static("x-tenant"));
        let breaker = breaker().max_keys(1).unwrap();
        let broken = Broken::new(CircuitBreakerLayer::new(breaker).key(key));
        broken.calls(10, 200);
        broken.handle().key("red").unwrap().force_open();
        for tenant in ["green", "blue"] {
            let request = Request::get("/").header("x-tenant", tenant).body(()).unwrap();
            broken.send(request, Response::new(""));
        }
    });
    let [missing, _opened, room] = &log[..] else { panic!("{log:#?}") };
    assert!(missing.contains("the request has no header x-tenant"), "{missing}");
    assert!(missing.contains("such requests share one key"), "{missing}");
    assert!(room.contains("no room for another key"), "{room}");
}
