use http::Method;
use tower_weir::cache::rules::*;

use super::{secs, stored_under};

fn stored(rules: &Rules, status: u16, response: &str) -> Result<(), Refusal> {
    stored_under(rules, &Method::GET, "", status, response)
}

/// RFC 9111 section 3, RFC 9110 section 15.
#[test]
fn every_final_status_is_stored_with_a_lifetime_of_its_own_but_answers_to_conditions_and_ranges() {
    for status in 100..=599 {
        let expected = match status {
            206 | 416 => Err(Refusal::Partial),
            100..=199 | 304 | 412 => Err(Refusal::Status),
            _ => Ok(()),
        };
        for response in ["cache-control: max-age=60", "cache-control: s-maxage=60", "expires: @60"]
        {
            assert_eq!(stored(&Rules::new(), status, response), expected, "{status} {response}");
        }
    }
}

/// RFC 9110 section 15.1.
#[test]
fn without_a_lifetime_of_their_own_only_some_are() {
    let cacheable = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
    let heuristic = Rules::new().heuristic(Heuristic::new());
    let by_default = Rules::new().default_ttl(secs(60));
    for status in (200..=599).filter(|status| ![206, 304, 412, 416].contains(status)) {
        let expected = if cacheable.contains(&status) { Ok(()) } else { Err(Refusal::Status) };
        assert_eq!(stored(&heuristic, status, "last-modified: @-86400"), expected, "{status}");
        assert_eq!(stored(&by_default, status, ""), expected, "{status}");
        // RFC 9111 section 5.2.2.9: all are that say so.
        let public = "cache-control: public\nlast-modified: @-86400";
        assert_eq!(stored(&heuristic, status, public), Ok(()), "{status}");
        assert_eq!(stored(&by_default, status, "cache-control: public"), Ok(()), "{status}");
        // RFC 9111 section 3: `no-cache` does not say so.
        let no_cache = "cache-control: no-cache\netag: \"a\"";
        assert_eq!(stored(&Rules::new(), status, no_cache), expected, "{status}");
    }
}

/// RFC 9111 section 5.2.2.3.
#[test]
fn must_understand_stores_what_is_understood_even_with_no_store() {
    for (status, response, expected) in [
        (200, "max-age=60, must-understand", Ok(())),
        (200, "max-age=60, must-understand, no-store", Ok(())),
        (200, "max-age=60, Must-Understand, no-store", Ok(())),
        (404, "max-age=60, must-understand, no-store", Ok(())),
        (503, "max-age=60, must-understand, no-store", Ok(())),
        (599, "max-age=60, must-understand", Err(Refusal::MustUnderstand)),
        (599, "max-age=60, must-understand, no-store", Err(Refusal::MustUnderstand)),
        (299, "max-age=60, must-understand", Err(Refusal::MustUnderstand)),
        (418, "max-age=60, must-understand", Err(Refusal::MustUnderstand)),
        (599, "max-age=60", Ok(())),
        (206, "max-age=60, must-understand, no-store", Err(Refusal::Partial)),
        (200, "max-age=60, must-understand=1, no-store", Err(Refusal::NoStore)),
        (200, "max-age=60, must-understand, private", Err(Refusal::Private)),
    ] {
        let found = stored(&Rules::new(), status, &format!("cache-control: {response}"));
        assert_eq!(found, expected, "{status} {response}");
    }
}
