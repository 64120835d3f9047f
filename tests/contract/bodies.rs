//! Bodies go through frame by frame.

use std::pin::pin;

use http::HeaderMap;
use http_body::Body;

use crate::probe::*;

pub(crate) fn size_hint_data_and_trailers_survive<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
    let frames = vec![Piece::Data("one"), Piece::Data("three"), Piece::Trailers(trailers.clone())];
    script.set(Outcome::Frames(frames));
    let mut body = pin!(answer(&mut service, request()).unwrap().into_body());
    assert_eq!(body.size_hint().exact(), Some(8));
    assert_eq!(next_frame(body.as_mut()).unwrap().unwrap().into_data().unwrap(), "one");
    assert_eq!(body.size_hint().exact(), Some(5));
    assert_eq!(next_frame(body.as_mut()).unwrap().unwrap().into_data().unwrap(), "three");
    assert!(!body.is_end_stream(), "trailers are to come");
    assert_eq!(next_frame(body.as_mut()).unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(body.is_end_stream());
    assert!(next_frame(body).is_none());
}

pub(crate) fn a_body_error_survives<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::Frames(vec![Piece::Data("a"), Piece::Error]));
    let mut body = pin!(answer(&mut service, request()).unwrap().into_body());
    next_frame(body.as_mut()).unwrap().unwrap();
    let error =
        next_frame(body).unwrap().map(drop).map_err(Into::<tower::BoxError>::into).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&ProbeError("torn")));
}

pub(crate) fn an_empty_body_is_at_its_end<L: Subject>(make: impl Fn() -> L) {
    // hyper then frames the response without one, and never polls it.
    let (mut service, script) = ready(&make());
    script.set(Outcome::Frames(Vec::new()));
    let body = answer(&mut service, request()).unwrap().into_body();
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
}
