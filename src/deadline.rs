//! Until when a request is worth answering.

use std::time::Duration;

use http::HeaderName;

use crate::{clock::Timestamp, head::Head};

/// Until when a request is worth answering: an extension that a layer outside sets.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::{clock::Clock, deadline::Deadline};
///
/// let mut request = http::Request::new(());
/// let now = Clock::system().now();
/// request.extensions_mut().insert(Deadline(now.saturating_add(Duration::from_millis(300))));
/// ```
///
/// A request that would have to wait past it for its turn in a [concurrency limit](crate::concurrency) is refused at once; in a
/// [batch](crate::batch) it does not wait for others that long. It is read by the clock of the layer. gRPC's `grpc-timeout` is
/// read without it, as the time from the arrival at the layer; if both are there, the earlier holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Timestamp);

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The deadline of a request that is here now.
pub(crate) fn deadline(head: &Head<'_>, now: Timestamp) -> Option<Timestamp> {
    let set = head.extensions.get::<Deadline>().map(|deadline| deadline.0);
    let timeout = head.headers.get(GRPC_TIMEOUT);
    let timeout = timeout.and_then(|value| grpc_timeout(value.as_bytes()));
    let told = timeout.map(|timeout| now.saturating_add(timeout));
    match (set, told) {
        (Some(set), Some(told)) => Some(set.min(told)),
        (set, told) => set.or(told),
    }
}

/// Up to eight digits and a unit (gRPC over HTTP/2, "Requests"). What is none says nothing.
fn grpc_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0, |amount, digit| amount * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3_600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("250m", Some(Duration::from_millis(250))),
            ("7u", Some(Duration::from_micros(7))),
            ("0n", Some(Duration::ZERO)),
            ("100000000S", None),
            ("m", None),
            ("", None),
            ("-1S", None),
            ("1.5S", None),
            ("10", None),
            ("10s", None),
        ] {
            assert_eq!(grpc_timeout(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_earlier_deadline_holds() {
        let now = Timestamp::from_nanos(1_000_000_000);
        let in_millis = |millis| now.saturating_add(Duration::from_millis(millis));
        let mut request = Request::new(());
        assert_eq!(deadline(&Head::of(&request), now), None);
        request.headers_mut().insert(GRPC_TIMEOUT, "200m".parse().unwrap());
        assert_eq!(deadline(&Head::of(&request), now), Some(in_millis(200)));
        for (set, expected) in [(300, 200), (100, 100)] {
            request.extensions_mut().insert(Deadline(in_millis(set)));
            assert_eq!(deadline(&Head::of(&request), now), Some(in_millis(expected)));
        }
    }
}
