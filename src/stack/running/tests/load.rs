//! Reloads while threads ask.

use std::sync::Arc;

use http::StatusCode;
use tokio::{spawn, sync::Semaphore, task::spawn_blocking};

use super::world::{Ask, Folder, counting, file, held, weir};

/// Reloads with each of these in turn, so often.
fn reload(weir: &crate::stack::Weir, folder: &Folder, texts: [&str; 2], times: usize) {
    for text in texts.iter().cycle().take(times) {
        folder.write("weir.toml", text);
        weir.handle().reload().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_answered_and_none_is_admitted_twice() {
    let folder = Folder::new();
    let texts = ["watch off\nrate 500\n/a cache 9", "watch off\nrate 500 silent\n/a profile"];
    let path = folder.write("weir.toml", texts[1]);
    let (weir, _hand) = weir(file(&path));
    let service = counting(&weir);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let service = service.clone();
            spawn(async move {
                let mut admitted = 0;
                for _ in 0..1_000 {
                    match service.status("/").await {
                        StatusCode::OK => admitted += 1,
                        status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
                    }
                }
                admitted
            })
        })
        .collect();
    let reloading = spawn_blocking({
        let weir = weir.clone();
        move || reload(&weir, &folder, texts, 300)
    });
    let mut admitted = 0;
    for client in clients {
        admitted += client.await.unwrap();
    }
    reloading.await.unwrap();
    assert_eq!((admitted, weir.handle().generation()), (500, 301));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_permit_is_lost_and_none_is_given_twice() {
    let folder = Folder::new();
    let texts = ["watch off\nconcurrency 3 9", "watch off\nconcurrency 2\nrate 1000000"];
    let path = folder.write("weir.toml", texts[1]);
    let (weir, _hand) = weir(file(&path));
    let doors = Arc::new(Semaphore::new(1_000_000));
    let service = held(&weir, &doors);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (service, handle) = (service.clone(), weir.handle());
            spawn(async move {
                for _ in 0..500 {
                    let status = service.status("/").await;
                    assert!([200, 503].contains(&status.as_u16()), "{status}");
                    assert!(handle.concurrency("default").unwrap().in_flight() <= 3);
                }
            })
        })
        .collect();
    let reloading = spawn_blocking({
        let weir = weir.clone();
        move || reload(&weir, &folder, texts, 300)
    });
    for client in clients {
        client.await.unwrap();
    }
    reloading.await.unwrap();
    let limit = weir.handle().concurrency("default").unwrap();
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
    assert_eq!(weir.handle().generation(), 301);
}
