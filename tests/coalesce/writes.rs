//! What was written is read.

use http::{Method, Request};

use crate::world::*;

/// Reads wait at the gate, and writes at theirs.
fn world() -> (World, Gate, Gate) {
    let (reads, writes) = (Gate::default(), Gate::default());
    let held = (reads.clone(), writes.clone());
    let world = World::plain(move |request, call| {
        let gate = if request.method().is_safe() { &held.0 } else { &held.1 };
        Play::answer([data(format!("call {call}"))]).after([Step::Wait(gate.clone())])
    });
    (world, reads, writes)
}

fn request(method: &Method, uri: &str) -> Request<()> {
    Request::builder().method(method).uri(uri).body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_read_after_the_answer_to_a_write_joins_no_call_from_before() {
    let unknown = Method::from_bytes(b"BREW").unwrap();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, unknown] {
        let (world, reads, writes) = world();
        let before = world.start(request(&Method::GET, "/a?b")).await;
        let write = world.start(request(&method, "/a")).await;
        let meanwhile = world.start(request(&Method::GET, "/a?b")).await;
        assert_eq!(world.calls(), 2, "it has not ended yet");
        writes.open();
        write.await.unwrap().unwrap();
        let after = [(); 2].map(|()| world.spawn(request(&Method::GET, "/a?b")));
        settle().await;
        assert_eq!(world.calls(), 3);
        reads.open();
        for client in [before, meanwhile] {
            assert_eq!(client.await.unwrap().unwrap().text, "call 0");
        }
        for client in after {
            assert_eq!(client.await.unwrap().unwrap().text, "call 2");
        }
        world.is_at_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_given_up_may_have_been_done() {
    let (world, _reads, _writes) = world();
    let _before = world.start(request(&Method::GET, "/a")).await;
    let write = world.start(request(&Method::POST, "/a")).await;
    write.abort();
    settle().await;
    let _after = world.start(request(&Method::GET, "/a")).await;
    assert_eq!(world.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn writes_elsewhere_and_safe_requests_part_nobody() {
    let (world, reads, writes) = world();
    writes.open();
    let before = world.start(request(&Method::GET, "/a")).await;
    for (method, uri) in [(Method::POST, "/b"), (Method::POST, "/a/b")] {
        world.send(request(&method, uri)).await.unwrap();
    }
    let options = world.start(request(&Method::OPTIONS, "/a")).await;
    let after = world.start(request(&Method::GET, "/a")).await;
    reads.open();
    for client in [before, after] {
        assert_eq!(client.await.unwrap().unwrap().text, "call 0");
    }
    options.await.unwrap().unwrap();
}
