use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

use super::*;
use crate::error::BoxError;

/// A body whose frames a test hands out.
struct Fed(mpsc::UnboundedReceiver<Result<Frame<Bytes>, BoxError>>);

impl Body for Fed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.poll_recv(cx)
    }
}

type Feed = mpsc::UnboundedSender<Result<Frame<Bytes>, BoxError>>;

fn fed() -> (Feed, Pin<Box<Fed>>) {
    let (feed, frames) = mpsc::unbounded_channel();
    (feed, Box::pin(Fed(frames)))
}

fn feed(to: &Feed, text: &'static str) {
    to.send(Ok(Frame::data(Bytes::from_static(text.as_bytes())))).unwrap();
}

/// What a reader gets without waiting, and how it ended if it did.
fn read(reader: &mut Reader) -> (String, Option<Result<(), String>>) {
    let mut text = String::new();
    loop {
        match reader.poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => return (text, None),
            Poll::Ready(None) => return (text, Some(Ok(()))),
            Poll::Ready(Some(Err(error))) => return (text, Some(Err(error.to_string()))),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => text.push_str(std::str::from_utf8(&data).unwrap()),
                Err(_) => text.push('T'),
            },
        }
    }
}

fn all(text: &str) -> (String, Option<Result<(), String>>) {
    (text.to_owned(), Some(Ok(())))
}

fn part(text: &str) -> (String, Option<Result<(), String>>) {
    (text.to_owned(), None)
}

async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_read_the_same_whenever_they_come() {
    let recording = Recording::new(None);
    let (to, body) = fed();
    let pump = tokio::spawn(pump(Arc::clone(&recording), body, 100, |ending| ending));
    let mut first = recording.reader().unwrap();
    feed(&to, "one ");
    settle().await;
    let mut second = recording.reader().unwrap();
    assert_eq!((read(&mut first), read(&mut second)), (part("one "), part("one ")));
    feed(&to, "two ");
    to.send(Ok(Frame::trailers(HeaderMap::new()))).unwrap();
    let ending = pump.await.unwrap();
    assert_eq!(ending, Ending::Whole("one two ".into(), Some(HeaderMap::new())));
    let mut last = recording.reader().unwrap();
    assert!(!last.is_end_stream());
    assert_eq!(read(&mut first), all("two T"));
    assert_eq!((read(&mut second), read(&mut last)), (all("two T"), all("one two T")));
    assert!(last.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn one_gets_the_error_and_all_learn_of_it() {
    let recording = Recording::new(None);
    let (to, body) = fed();
    let mut readers = [recording.reader().unwrap(), recording.reader().unwrap()];
    feed(&to, "a");
    to.send(Err("torn".into())).unwrap();
    assert_eq!(pump(Arc::clone(&recording), body, 100, |ending| ending).await, Ending::Unfit);
    assert_eq!(read(&mut readers[0]), ("a".into(), Some(Err("torn".into()))));
    let (text, error) = read(&mut readers[1]);
    assert!(text == "a" && error.unwrap().unwrap_err().contains("broke off"));
    assert_eq!(read(&mut readers[0]), all(""), "an error comes once");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_announced_is_not_fit() {
    for (announced, fit) in [(3, true), (2, false), (4, false)] {
        let recording = Recording::new(Some(announced));
        let (to, body) = fed();
        feed(&to, "abc");
        drop(to);
        let ending = pump(recording, body, 100, |ending| ending).await;
        assert_eq!(ending, if fit { Ending::Whole("abc".into(), None) } else { Ending::Unfit });
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_goes_past_at_the_pace_of_its_readers() {
    let recording = Recording::new(None);
    let (to, body) = fed();
    let (mut fast, mut slow) = (recording.reader().unwrap(), recording.reader().unwrap());
    for _ in 0..10 {
        feed(&to, "0123456789");
    }
    let told = Arc::new(AtomicU64::new(0));
    let tell = Arc::clone(&told);
    let pump = tokio::spawn(pump(Arc::clone(&recording), body, 35, move |ending| {
        tell.store(1 + u64::from(ending == Ending::TooLarge), Ordering::SeqCst);
    }));
    settle().await;
    assert_eq!(told.load(Ordering::SeqCst), 2, "it is known at once, not at the end");
    assert!(recording.reader().is_none(), "its beginning may be gone");
    assert_eq!(read(&mut fast).0.len(), 40);
    settle().await;
    assert_eq!(recording.lock().held, 40, "the slow one has read nothing");
    assert_eq!(read(&mut slow).0.len(), 40);
    settle().await;
    assert_eq!(read(&mut fast).0.len(), 40);
    drop(slow);
    settle().await;
    assert_eq!(read(&mut fast).0.len(), 20, "nobody waits for who has left");
    drop(to);
    pump.await.unwrap();
    assert_eq!(read(&mut fast), all(""));
    assert_eq!(recording.lock().held, 0);
}

#[tokio::test(start_paused = true)]
async fn who_keeps_others_waiting_for_too_long_is_left_behind() {
    let recording = Recording::new(None);
    let (to, body) = fed();
    let (mut fast, mut slow) = (recording.reader().unwrap(), recording.reader().unwrap());
    for _ in 0..10 {
        feed(&to, "0123456789");
    }
    let _pump = tokio::spawn(pump(Arc::clone(&recording), body, 35, drop));
    settle().await;
    assert_eq!(read(&mut fast).0.len(), 40);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(read(&mut fast).0.len(), 40);
    let (text, error) = read(&mut slow);
    assert!(text.is_empty() && error.unwrap().is_err());
    // Alone, it may be as slow as it likes.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(read(&mut fast).0.len(), 20);
    drop(slow);
    feed(&to, "end");
    drop(to);
    settle().await;
    assert_eq!(read(&mut fast), all("end"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_received_to_its_end_but_not_for_ever() {
    let (to, body) = fed();
    let recording = Recording::new(None);
    let reader = recording.reader();
    let pump_of = |recording: &Arc<Recording>, body| {
        tokio::spawn(pump(Arc::clone(recording), body, 100, |ending| ending))
    };
    let running = pump_of(&recording, body);
    feed(&to, "a");
    drop(reader);
    tokio::time::sleep(Duration::from_secs(20)).await;
    feed(&to, "b");
    tokio::time::sleep(Duration::from_secs(20)).await;
    drop(to);
    assert_eq!(running.await.unwrap(), Ending::Whole("ab".into(), None));

    let (to, body) = fed();
    let running = pump_of(&Recording::new(None), body);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(running.await.unwrap(), Ending::Unfit);
    assert!(to.is_closed(), "the connection behind it is let go");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_that_nobody_reads_is_let_go_at_once() {
    let (to, body) = fed();
    let recording = Recording::new(None);
    let reader = recording.reader();
    let running = tokio::spawn(pump(recording, body, 3, |_| ()));
    feed(&to, "abcdef");
    settle().await;
    assert!(!to.is_closed());
    drop(reader);
    settle().await;
    assert!(to.is_closed() && running.is_finished());
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_the_pump_leaves_no_reader_waiting() {
    let (to, body) = fed();
    let recording = Recording::new(None);
    let mut reader = recording.reader().unwrap();
    let running = tokio::spawn(pump(recording, body, 100, drop));
    feed(&to, "a");
    settle().await;
    let waiting = tokio::spawn(async move {
        let first = read(&mut reader);
        (first, std::future::poll_fn(|cx| reader.poll_frame(cx)).await.map(|frame| frame.is_err()))
    });
    settle().await;
    running.abort();
    assert_eq!(waiting.await.unwrap(), (part("a"), Some(true)));
}

#[tokio::test(start_paused = true)]
async fn sizes_are_those_that_were_announced() {
    let announced = Recording::new(Some(4));
    let mut reader = announced.reader().unwrap();
    assert_eq!(reader.size_hint().exact(), Some(4));
    let (to, body) = fed();
    feed(&to, "abc");
    let running = tokio::spawn(pump(announced, body, 100, drop));
    settle().await;
    assert_eq!((read(&mut reader), reader.size_hint().exact()), (part("abc"), Some(1)));
    running.abort();
    let unknown = Recording::new(None).reader().unwrap();
    assert_eq!(unknown.size_hint().exact(), None);
}

#[tokio::test]
async fn a_body_that_is_there_is_received_at_once() {
    let body = Box::pin(http_body_util::Full::<Bytes>::from("abc"));
    let mut pump = Box::pin(pump(Recording::new(Some(3)), body, 3, |ending| ending));
    let ending = pump.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(ending, Poll::Ready(Ending::Whole("abc".into(), None)));
}

#[tokio::test(start_paused = true)]
async fn a_body_for_readers_only_ends_with_them_and_is_not_put_together() {
    let (to, body) = fed();
    let recording = Recording::for_readers(None);
    let readers = [recording.reader(), recording.reader()];
    let running = tokio::spawn(pump(Arc::clone(&recording), body, 100, |ending| ending));
    feed(&to, "a");
    settle().await;
    let [first, last] = readers;
    drop(first);
    settle().await;
    assert!(!running.is_finished(), "one reads on");
    drop(last);
    assert_eq!(running.await.unwrap(), Ending::Unfit);
    assert!(to.is_closed() && recording.reader().is_none(), "nobody joins what has broken off");

    let (to, body) = fed();
    let recording = Recording::for_readers(None);
    let mut reader = recording.reader().unwrap();
    feed(&to, "all");
    drop(to);
    let ending = pump(Arc::clone(&recording), body, 100, |ending| ending).await;
    assert_eq!((ending, read(&mut reader)), (Ending::Unfit, all("all")));
    assert!(recording.reader().is_some_and(|mut late| read(&mut late) == all("all")));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_waits_ends_with_its_readers_too() {
    let (to, body) = fed();
    feed(&to, "a");
    feed(&to, "b");
    let recording = Recording::for_readers(None);
    let ending = pump(Arc::clone(&recording), body, 100, |ending| ending).await;
    assert!(ending == Ending::Unfit && recording.lock().came == 0);
}
