//! What keys owe outlives a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use http::{HeaderName, Request};
use tower_weir::{
    clock::{Clock, ManualClock},
    key::Header,
    rate_limit::{Handle, Quota, RateLimitLayer, SnapshotError, Table},
};

use super::{Guarded, guarded, header};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A folder of the test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("tower-weir-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("limits.weir")
    }

    fn files(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn layer() -> RateLimitLayer {
    RateLimitLayer::new(Quota::per_minute(10)).and(Quota::per_hour(30)).key(Header(X_API_KEY))
}

/// A process of its own: another table, another seed. Its clock shows the wall time that `hand` is at.
fn started(layer: RateLimitLayer) -> (Guarded, ManualClock, Handle) {
    let (service, hand) = guarded(layer);
    let handle = service.0.handle();
    (service, hand, handle)
}

fn passing(service: &Guarded, key: &str, n: usize) -> usize {
    let request = || Request::builder().header(X_API_KEY, key).body(()).unwrap();
    (0..n).filter(|_| service.send(request()).status().is_success()).count()
}

fn restarted(
    path: &Path,
    layer: RateLimitLayer,
    after: Duration,
) -> (Guarded, Handle, ManualClock) {
    let (service, hand, handle) = started(layer);
    hand.advance(after);
    handle.load(path).unwrap();
    (service, handle, hand)
}

#[test]
fn debts_come_back_less_what_time_has_paid_off() {
    let folder = Folder::new("debts");
    let (before, _, handle) = started(layer());
    assert_eq!((passing(&before, "a", 20), passing(&before, "b", 4)), (10, 4));
    handle.save(folder.file()).unwrap();
    assert_eq!(folder.files(), 1, "nothing temporary is left");

    let (service, hand, handle) = started(layer());
    hand.advance(Duration::from_secs(30));
    let restored = handle.load(folder.file()).unwrap();
    assert_eq!(restored.age, Duration::from_secs(30));
    // "b" has paid its minute off, but not its hour.
    assert_eq!((restored.keys, restored.expired, restored.unknown), (3, 1, 0));
    assert_eq!((passing(&service, "a", 20), passing(&service, "b", 20)), (5, 10));
    assert_eq!(passing(&service, "c", 20), 10);
}

#[test]
fn a_second_restart_loses_nothing_either() {
    let folder = Folder::new("twice");
    let (first, _, handle) = started(layer());
    assert_eq!(passing(&first, "a", 20), 10);
    handle.save(folder.file()).unwrap();
    let (_, handle, _) = restarted(&folder.file(), layer(), Duration::ZERO);
    handle.save(folder.file()).unwrap();
    let (third, ..) = restarted(&folder.file(), layer(), Duration::ZERO);
    assert_eq!(passing(&third, "a", 20), 0);
}

#[test]
fn a_wall_clock_that_was_set_back_gives_nothing_away() {
    let folder = Folder::new("clock");
    let (before, hand, handle) = started(layer());
    hand.advance(Duration::from_secs(1_000));
    assert_eq!(passing(&before, "a", 20), 10);
    handle.save(folder.file()).unwrap();
    let (after, ..) = restarted(&folder.file(), layer(), Duration::ZERO);
    assert_eq!(passing(&after, "a", 20), 0);
}

#[test]
fn another_quota_converts_debts_and_another_table_holds_them() {
    let folder = Folder::new("quota");
    let only = |quota: Quota| RateLimitLayer::new(quota.into_policy()).key(Header(X_API_KEY));
    let (before, _, handle) = started(only(Quota::per_minute(10)));
    assert_eq!(passing(&before, "a", 4), 4);
    handle.save(folder.file()).unwrap();
    let smaller = only(Quota::per_hour(10)).table(Table::with_capacity(16));
    let (after, ..) = restarted(&folder.file(), smaller, Duration::ZERO);
    assert_eq!(passing(&after, "a", 20), 6);
}

trait IntoPolicy {
    fn into_policy(self) -> tower_weir::rate_limit::Policy;
}

impl IntoPolicy for Quota {
    /// Of the same name whatever the period.
    fn into_policy(self) -> tower_weir::rate_limit::Policy {
        tower_weir::rate_limit::Policy::new("requests", self)
    }
}

#[test]
fn what_no_policy_wants_is_left_out() {
    let folder = Folder::new("unknown");
    let (before, _, handle) = started(layer().named("old"));
    passing(&before, "a", 20);
    handle.save(folder.file()).unwrap();
    let (service, _, handle) = started(layer().named("new"));
    let restored = handle.load(folder.file()).unwrap();
    assert_eq!((restored.keys, restored.unknown), (0, 2));
    assert_eq!(passing(&service, "a", 20), 10);
}

#[test]
fn a_layer_in_use_is_left_alone() {
    let folder = Folder::new("in-use");
    let (_, _, handle) = started(layer());
    handle.save(folder.file()).unwrap();
    let (service, _, handle) = started(layer());
    passing(&service, "a", 3);
    let error = handle.load(folder.file()).unwrap_err();
    assert!(matches!(error, SnapshotError::InUse));
    assert!(error.to_string().contains("before the first request"), "{error}");
    assert_eq!(passing(&service, "a", 20), 7, "it goes on as it was");
    let (_, _, handle) = started(layer());
    handle.limit("default").unwrap().deny(&"thief");
    assert!(matches!(handle.load(folder.file()).unwrap_err(), SnapshotError::InUse));
}

#[test]
fn a_missing_or_foreign_file_is_named() {
    let folder = Folder::new("foreign");
    let (service, _, handle) = started(layer());
    assert!(matches!(handle.load(folder.file()).unwrap_err(), SnapshotError::NotFound));
    for foreign in [&b""[..], b"{}", b"\x7fELF", &[b'x'; 100_000], b"{\"format\":\"another\"}"] {
        fs::write(folder.file(), foreign).unwrap();
        assert!(matches!(handle.load(folder.file()).unwrap_err(), SnapshotError::Foreign));
    }
    let later = r#"{"format":"tower-weir rate limit","version":9,"more":true}"#;
    fs::write(folder.file(), format!("{later}\n")).unwrap();
    let error = handle.load(folder.file()).unwrap_err();
    assert!(matches!(error, SnapshotError::Version { found: 9, known: 1 }), "{error:?}");
    assert!(matches!(handle.load(&folder.0).unwrap_err(), SnapshotError::Io(_)), "a folder");
    assert_eq!(passing(&service, "a", 20), 10, "and the limiter starts empty");
}

/// Any byte that changes, and any end that is cut off, is found; nothing is taken over then.
#[test]
fn damage_is_found_wherever_it_is() {
    let folder = Folder::new("damage");
    let (before, _, handle) = started(layer());
    passing(&before, "a", 20);
    passing(&before, "b", 20);
    handle.save(folder.file()).unwrap();
    let whole = fs::read(folder.file()).unwrap();
    let (service, _, handle) = started(layer());
    let refused = |bytes: &[u8], what: &str| {
        fs::write(folder.file(), bytes).unwrap();
        match handle.load(folder.file()) {
            Err(
                SnapshotError::Damaged(_) | SnapshotError::Foreign | SnapshotError::Version { .. },
            ) => {}
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(handle.table().used, 0);
    };
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        refused(&damaged, &format!("bit flipped at {at}"));
        refused(&whole[..at], &format!("cut off at {at}"));
    }
    refused(&[&whole[..], b"x"].concat(), "one byte more");
    assert_eq!(passing(&service, "a", 20), 10);
}

#[test]
fn saving_again_replaces_the_file_and_failing_leaves_it() {
    let folder = Folder::new("replace");
    let (service, _, handle) = started(layer());
    handle.save(folder.file()).unwrap();
    let empty = fs::read(folder.file()).unwrap();
    passing(&service, "a", 3);
    handle.save(folder.file()).unwrap();
    let full = fs::read(folder.file()).unwrap();
    assert!(full.len() > empty.len());
    assert!(handle.save(folder.0.join("no such folder/limits.weir")).is_err());
    assert!(handle.save("/").is_err());
    // A folder is in the way.
    fs::create_dir(folder.0.join("taken")).unwrap();
    fs::write(folder.0.join("taken/file"), "x").unwrap();
    assert!(handle.save(folder.0.join("taken")).is_err());
    assert_eq!(folder.files(), 2, "nothing temporary is left");
    assert_eq!(fs::read(folder.file()).unwrap(), full);
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_seed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    layer().handle().save(folder.file()).unwrap();
    let mode = fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn it_can_be_saved_while_requests_are_decided_on() {
    let folder = Folder::new("traffic");
    let (clock, _) = Clock::manual();
    let layer = RateLimitLayer::new(Quota::per_hour(5)).key(Header(X_API_KEY)).clock(clock);
    let service = Guarded(layer);
    let handle = service.0.handle();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            (0..2_000).map(|n| passing(&service, &format!("key {}", n % 500), 1)).sum::<usize>()
        });
        for _ in 0..5 {
            handle.save(folder.file()).unwrap();
        }
        assert_eq!(busy.join().unwrap(), 2_000);
    });
    handle.save(folder.file()).unwrap();
    let layer = RateLimitLayer::new(Quota::per_hour(5)).key(Header(X_API_KEY));
    let (after, _, handle) = started(layer);
    assert_eq!(handle.load(folder.file()).unwrap().keys, 500);
    assert_eq!(passing(&after, "key 7", 9), 1);
    let told = after.send(Request::builder().header(X_API_KEY, "key 8").body(()).unwrap());
    assert_eq!(header(&told, "ratelimit"), r#""hour";r=0;t=720"#);
}
