//! Several threads at once: nothing is lost or counted twice.

use std::thread;

use super::*;

#[test]
fn every_call_of_every_thread_is_counted() {
    const CALLS: u32 = 20_000;
    let window = Window::by_time(Duration::from_secs(10), 1).unwrap();
    let patient = Breaker::new().window(window).failure_share(1.0).unwrap();
    let broken = Broken::new(CircuitBreakerLayer::new(patient));
    broken.calls(1, 200);
    thread::scope(|scope| {
        for n in 0..4 {
            let layer = &broken.layer;
            scope.spawn(move || {
                let inner = service_fn(move |request: Request<()>| async move {
                    let status = if request.uri().path() == "/bad" { 500 } else { 200 };
                    let response =
                        Response::builder().status(status).body(Full::<Bytes>::default());
                    Ok::<_, Infallible>(response.unwrap())
                });
                for call in 0..CALLS {
                    let path = if (call + n) % 10 == 0 { "/bad" } else { "/" };
                    let request = Request::get(path).body(()).unwrap();
                    let answer = layer.layer(inner).oneshot(request);
                    futures_executor::block_on(answer).unwrap();
                }
            });
        }
    });
    let counts = broken.handle().counts();
    assert_eq!((counts.calls, counts.failures), (4 * CALLS + 1, 4 * CALLS / 10));
}

#[test]
fn there_are_never_more_probes_at_once_than_there_may_be() {
    const CALLS: usize = 240;
    let broken = Broken::new(CircuitBreakerLayer::new(breaker().probes(1_000, 1_000).unwrap()));
    broken.half_open();
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let inner = service_fn(async |_: Request<()>| {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, SeqCst);
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
                });
                for _ in 0..CALLS {
                    let answer = broken.layer.layer(inner).oneshot(Request::new(()));
                    futures_executor::block_on(answer).unwrap();
                }
            });
        }
    });
    assert_eq!(broken.state(), State::HalfOpen, "a thousand are to succeed");
    assert!((1..=3).contains(&most.load(SeqCst)), "{most:?}");
}
