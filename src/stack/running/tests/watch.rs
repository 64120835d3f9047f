use std::{fs, time::Duration};

use http::StatusCode;
use tokio::time::sleep;

use super::{
    warnings::warnings,
    world::{Ask, Folder, counting, file, weir},
};
use crate::stack::running::watch::Seen;

const LOOK: Duration = Duration::from_millis(250);

/// Two looks, and a little.
async fn looks() {
    sleep(LOOK * 2 + LOOK / 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_written_anew_is_applied_within_a_second() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    assert_eq!(service.status("/").await, StatusCode::OK);
    assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS);
    folder.write("weir.toml", "rate 2");
    looks().await;
    assert_eq!(service.status("/").await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_file_counts_when_two_looks_have_found_the_same() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let _layer = weir.layer();
    sleep(LOOK / 2).await;
    for half in ["ra", "rate 1", "rat", "rate 2"] {
        folder.write("weir.toml", half);
        sleep(LOOK).await;
        assert_eq!(weir.handle().generation(), 1, "{half}");
    }
    sleep(LOOK).await;
    assert_eq!(weir.handle().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_matter_how_a_file_is_replaced() {
    let folder = Folder::new();
    // As Kubernetes mounts a ConfigMap.
    fs::create_dir(folder.at("..1")).unwrap();
    fs::create_dir(folder.at("..2")).unwrap();
    folder.write("..1/weir.toml", "rate 1");
    folder.write("..2/weir.toml", "rate 2");
    std::os::unix::fs::symlink("..1", folder.at("..data")).unwrap();
    std::os::unix::fs::symlink("..data/weir.toml", folder.at("weir.toml")).unwrap();
    let (weir, _hand) = weir(file(&folder.at("weir.toml")));
    let _layer = weir.layer();
    std::os::unix::fs::symlink("..2", folder.at("..data_tmp")).unwrap();
    fs::rename(folder.at("..data_tmp"), folder.at("..data")).unwrap();
    looks().await;
    assert_eq!(weir.handle().generation(), 2);

    folder.write("new", "rate 3");
    fs::rename(folder.at("new"), folder.at("weir.toml")).unwrap();
    looks().await;
    assert_eq!(weir.handle().generation(), 3);

    fs::remove_file(folder.at("weir.toml")).unwrap();
    looks().await;
    folder.write("weir.toml", "rate 4");
    looks().await;
    assert_eq!(weir.handle().generation(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_or_empty_or_bad_changes_nothing() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    assert_eq!(service.status("/").await, StatusCode::OK);
    for bad in ["", " \n\t", "nonsense"] {
        folder.write("weir.toml", bad);
        looks().await;
        assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS, "{bad:?}");
    }
    fs::remove_file(&path).unwrap();
    looks().await;
    assert_eq!(service.status("/").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(weir.handle().generation(), 1);
    folder.write("weir.toml", "rate 2");
    looks().await;
    assert_eq!(service.status("/").await, StatusCode::OK, "good again");
}

#[tokio::test(start_paused = true)]
async fn how_often_it_is_looked_at_is_for_the_file_to_say() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "watch 10000");
    let (weir, _hand) = weir(file(&path));
    let layer = weir.layer();
    folder.write("weir.toml", "watch 100");
    sleep(Duration::from_secs(15)).await;
    assert_eq!(weir.handle().generation(), 1);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(weir.handle().generation(), 2);
    folder.write("weir.toml", "watch off");
    sleep(Duration::from_millis(250)).await;
    assert_eq!(weir.handle().generation(), 3);
    folder.write("weir.toml", "watch 100\nrate 1");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(weir.handle().generation(), 3, "nobody looks");
    weir.handle().reload().unwrap();
    folder.write("weir.toml", "watch 100\nrate 2");
    sleep(Duration::from_millis(250)).await;
    assert_eq!(weir.handle().generation(), 5, "the reload has begun it anew");
    drop(layer);
}

#[test]
fn another_runtime_goes_on_when_one_ends() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    for generation in 2..5 {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        folder.write("weir.toml", &format!("rate {generation}"));
        runtime.block_on(async {
            service.status("/").await;
            looks().await;
        });
        assert_eq!(weir.handle().generation(), generation);
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_who_needs_it() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    drop(weir);
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    looks().await;
    assert_eq!(tasks(), 1, "a service follows the file");
    drop(service);
    looks().await;
    assert_eq!(tasks(), 0);
}

#[test]
fn each_mishap_is_logged_once() {
    let folder = Folder::new();
    let path = folder.write("weir.toml", "rate 1");
    let (weir, _hand) = weir(file(&path));
    let (live, mut seen) = (weir.live(), Seen::default());
    let mut logged = |text: Option<&str>| {
        match text {
            Some(text) => drop(folder.write("weir.toml", text)),
            None => fs::remove_file(&path).unwrap(),
        }
        warnings(|| (0..5).for_each(|_| live.look(&mut seen)))
    };
    for text in ["nonsense", "other nonsense", " \n"] {
        let logged = logged(Some(text));
        assert_eq!(logged.len(), 1, "{text:?}: {logged:?}");
    }
    assert_eq!(logged(None).len(), 1, "it cannot be read for another reason");
    assert_eq!(logged(Some("rate 1")).len(), 0);
    assert_eq!(logged(Some("")).len(), 1, "again, since it was right meanwhile");
    assert_eq!(logged(Some("rate 2")).len(), 0);
    assert_eq!(weir.handle().generation(), 2);
}
