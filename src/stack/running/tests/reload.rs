use http::StatusCode;

use super::world::{Ask, Folder, counting, file, weir};

#[tokio::test]
async fn services_that_were_made_before_go_by_the_new_settings() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 2");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    for _ in 0..2 {
        assert_eq!(service.status("/").await, StatusCode::OK);
    }
    assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS);

    folder.write("weir.toml", "rate 3");
    let reloaded = weir.handle().reload().unwrap();
    assert_eq!(reloaded.changes(), ["`rate_limit` of the defaults"]);
    assert_eq!((reloaded.generation(), weir.handle().generation()), (2, 2));
    assert_eq!(service.status("/").await, StatusCode::OK, "two of three are owed");
    assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_bad_file_changes_nothing() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    assert_eq!(service.status("/").await, StatusCode::OK);
    for bad in ["rate 5\nnonsense", "/a rate 5\n/a rate 6", "/a concurrency 0\nrate 5"] {
        folder.write("weir.toml", bad);
        assert!(weir.handle().reload().is_err(), "{bad}");
        assert_eq!(weir.handle().generation(), 1);
        assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS, "{bad}");
    }
    std::fs::remove_file(&path).unwrap();
    let error = weir.handle().reload().unwrap_err().to_string();
    assert!(error.contains("weir.toml"), "{error}");
    assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_is_written_as_before_keeps_its_very_layer() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 5\nconcurrency 3\n/a breaker 2");
    let (weir, _hand) = weir(file(&path));
    let handle = weir.handle();
    handle.concurrency("default").unwrap().limiters().next().unwrap().set_limit(77).unwrap();
    handle.circuit_breaker("/a").unwrap().breakers().next().unwrap().force_open();
    folder.write("weir.toml", "rate 6\nconcurrency 3\n/a breaker 2");
    assert_eq!(handle.reload().unwrap().changes(), ["`rate_limit` of the defaults"]);
    let limiter = handle.concurrency("/a").unwrap().limiters().next().unwrap();
    assert_eq!(limiter.limit(), 77, "inherited, so that of the defaults");
    let breaker = handle.circuit_breaker("/a").unwrap().breakers().next().unwrap();
    assert_eq!(breaker.state(), crate::circuit_breaker::State::Open);
}

#[tokio::test]
async fn a_file_that_says_the_same_in_other_words_changes_nothing() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 5");
    let (weir, _hand) = weir(file(&path));
    folder.write("weir.toml", "\n\nrate   5\n");
    let reloaded = weir.handle().reload().unwrap();
    assert!(reloaded.changes().is_empty());
    assert_eq!(reloaded.generation(), 1);
}

#[tokio::test]
async fn a_route_has_limits_of_its_own_by_its_name() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1\n/a rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    assert_eq!(service.status("/a").await, StatusCode::OK);
    assert_eq!(service.status("/b").await, StatusCode::OK);
    assert_eq!(service.status("/a").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(service.status("/b").await, StatusCode::TOO_MANY_REQUESTS);
    // What it had for itself it has in common now: the one request of the defaults is owed.
    folder.write("weir.toml", "rate 1\n/a profile");
    let reloaded = weir.handle().reload().unwrap();
    assert_eq!(reloaded.changes(), ["`profile` of `/a`", "`rate_limit` of `/a`"]);
    assert_eq!(service.status("/a").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_is_stored_stays() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "cache 60");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    assert_eq!(service.text("/").await, "0");
    assert_eq!(service.text("/").await, "0", "a hit");
    folder.write("weir.toml", "cache 90\nrate 100\n/a profile");
    weir.handle().reload().unwrap();
    assert_eq!(service.text("/").await, "0", "still a hit");
    weir.handle().cache().unwrap().purge_all();
    assert_eq!(service.text("/").await, "1");
}

#[tokio::test]
async fn the_profile_keeps_its_history() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "profile\n/a profile");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    service.text("/a").await;
    folder.write("weir.toml", "profile\n/a profile\n/b rate 5");
    weir.handle().reload().unwrap();
    service.text("/a").await;
    service.text("/b").await;
    let page = weir.handle().profile().to_string();
    assert!(page.contains("/a") && page.contains("/b"), "{page}");
}
