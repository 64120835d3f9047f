use http::header::{CONTENT_TYPE, SET_COOKIE, VARY};
use proptest::{collection::vec, option, prelude::*};

use super::*;

const KEY: &[u8] = b"cache\0GET example.com/a";
const LIMIT: u64 = 1 << 20;
const KEEP: Duration = Duration::from_millis(61_234);

fn response(body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.append(VARY, HeaderValue::from_static("accept-language"));
    headers.append(VARY, HeaderValue::from_bytes(b"x-\xff").unwrap());
    let mut secret = HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    headers.insert(SET_COOKIE, secret);
    Response {
        resident: Duration::from_millis(1_500),
        born: Position { log: 0xfedc_ba98_7654_3210, number: 300 },
        status: StatusCode::NOT_FOUND,
        headers,
        trailers: Some(HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("t"))])),
        freshness: Freshness {
            age: 1_234_567,
            lifetime: u32::MAX,
            stale_while_revalidate: Some(u32::MAX),
            stale_if_error: Some(0),
            source: Lifetime::Heuristic,
            no_cache: true,
            immutable: false,
            staleness: Staleness::IfGranted,
        },
        selection: vec![(VARY, None), (CONTENT_TYPE, Some(Box::from(*b"a")))],
        for_authorized: true,
        is_public: false,
        took: Duration::from_micros(777),
        tags: Box::new([1, u64::MAX]),
        body: body.into(),
    }
}

fn record(body: impl Into<Bytes>) -> Bytes {
    encode(KEY, KEEP, &Kept::Response(Box::new(response(body))))
}

/// What comes of bytes whose checksum somebody made right.
fn sealed(content: &[u8]) -> Result<(Kept, Duration), Unusable> {
    decode(&[content, &checksum(content).to_le_bytes()].concat(), KEY, LIMIT)
}

#[test]
fn fields_keep_their_order_and_whether_they_are_sensitive() {
    let Ok((Kept::Response(read), KEEP)) = decode(&record("body"), KEY, LIMIT) else {
        panic!("it cannot be read")
    };
    assert_eq!(*read, response("body"));
    assert!(read.headers[SET_COOKIE].is_sensitive());
    assert!(!read.headers[CONTENT_TYPE].is_sensitive());
    let written = response("");
    assert!(read.headers.iter().eq(&written.headers));
}

#[test]
fn what_differs_in_one_bit_is_never_read() {
    for body in ["short".repeat(3), "long".repeat(500)] {
        let record = record(body);
        for bit in 0..record.len() * 8 {
            let mut damaged = record.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&damaged, KEY, LIMIT), Err(Unusable::Corrupt), "bit {bit}");
        }
    }
}

#[test]
fn what_is_cut_off_or_has_more_is_never_read() {
    let record = record("body".repeat(400));
    for length in 0..record.len() {
        assert_eq!(decode(&record[..length], KEY, LIMIT), Err(Unusable::Corrupt), "{length}");
    }
    let content = &record[..record.len() - 4];
    assert!(sealed(content).is_ok());
    assert_eq!(sealed(&[content, b"x"].concat()), Err(Unusable::Corrupt));
    for length in 0..content.len() {
        assert!(sealed(&content[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_record_of_another_key_or_version_is_not_used() {
    assert_eq!(decode(&record("a"), b"another", LIMIT), Err(Unusable::OtherKey));
    let mut content = record("a").to_vec();
    content.truncate(content.len() - 4);
    content[0] = VERSION + 1;
    assert_eq!(sealed(&content), Err(Unusable::Corrupt));
}

#[test]
fn no_body_is_larger_than_is_allowed() {
    let zeros = vec![0; 1 << 16];
    let record = record(zeros);
    assert!(record.len() < 1_000, "it is compressed");
    assert!(decode(&record, KEY, 1 << 16).is_ok());
    assert_eq!(decode(&record, KEY, (1 << 16) - 1), Err(Unusable::TooLarge));
}

#[test]
fn a_body_that_grows_beyond_what_it_says_is_not_unpacked() {
    let bomb = zstd::bulk::compress(&vec![0; 1 << 24], 1).unwrap();
    for told in [0, 10, (1 << 24) - 1, (1 << 24) + 1] {
        let mut writer = Writer::default();
        writer.number(told);
        writer.byte(1);
        writer.text(&bomb);
        let bytes = writer.into_bytes();
        assert_eq!(packed::read(&mut Reader::new(&bytes), 1 << 25), None, "{told}");
    }
}

fn fields_of_any_kind() -> impl Strategy<Value = HeaderMap> {
    let field = ("[a-z][a-z0-9-]{0,12}", vec(0x20_u8..=0x7e, 0..20), any::<bool>());
    vec(field, 0..8).prop_map(|fields| {
        let mut map = HeaderMap::new();
        for (name, value, is_sensitive) in fields {
            let mut value = HeaderValue::from_bytes(&value).unwrap();
            value.set_sensitive(is_sensitive);
            map.append(HeaderName::try_from(name).unwrap(), value);
        }
        map
    })
}

fn freshness_of_any_kind() -> impl Strategy<Value = Freshness> {
    let sources = [Lifetime::Explicit, Lifetime::Heuristic, Lifetime::Default, Lifetime::Unknown];
    let staleness = [Staleness::Allowed, Staleness::IfGranted, Staleness::Forbidden];
    let choices =
        (proptest::sample::select(sources.to_vec()), proptest::sample::select(staleness.to_vec()));
    (any::<(u64, u32, Option<u32>, Option<u32>, bool, bool)>(), choices).prop_map(
        |((age, lifetime, revalidate, error, no_cache, immutable), (source, staleness))| {
            Freshness {
                age,
                lifetime,
                stale_while_revalidate: revalidate,
                stale_if_error: error,
                source,
                no_cache,
                immutable,
                staleness,
            }
        },
    )
}

prop_compose! {
    fn any_response()(
        (headers, trailers) in (fields_of_any_kind(), option::of(fields_of_any_kind())),
        freshness in freshness_of_any_kind(),
        (resident, took, log, number) in any::<(u64, u32, u64, u64)>(),
        status in 100_u16..=999,
        selection in vec((proptest::sample::select(&[VARY, CONTENT_TYPE][..]), option::of(vec(any::<u8>(), 0..9))), 0..4),
        (for_authorized, is_public, tags) in any::<(bool, bool, Vec<u64>)>(),
        (body, times) in (vec(any::<u8>(), 0..300), 0_usize..10),
    ) -> Response {
        Response {
            resident: Duration::from_millis(resident),
            born: Position { log, number },
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            trailers,
            freshness,
            selection: selection.into_iter().map(|(name, value)| (name, value.map(Box::from))).collect(),
            for_authorized,
            is_public,
            took: Duration::from_micros(took.into()),
            tags: tags.into(),
            body: body.repeat(times).into(),
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(response in any_response(), key: Vec<u8>, keep: u32) {
        let keep = Duration::from_millis(keep.into());
        let kept = Kept::Response(Box::new(response));
        prop_assert_eq!(decode(&encode(&key, keep, &kept), &key, LIMIT), Ok((kept, keep)));
    }

    #[test]
    fn names_of_fields_are_read_as_they_were_written(count in 0_usize..3, keep: u32) {
        let keep = Duration::from_millis(keep.into());
        let kept = Kept::ByFields([VARY, CONTENT_TYPE][..count.min(2)].into());
        prop_assert_eq!(decode(&encode(KEY, keep, &kept), KEY, LIMIT), Ok((kept, keep)));
    }

    #[test]
    fn nothing_panics_however_wrong_it_is(
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
        junk: Vec<u8>,
    ) {
        let record = record("body".repeat(300));
        let content = &record[..record.len() - 4];
        let (from, to) = (from.index(content.len()), to.index(content.len()));
        let changed = [&content[..from], &junk, &content[to..]].concat();
        let _ = sealed(&changed);
        let _ = decode(&junk, KEY, LIMIT);
    }
}
