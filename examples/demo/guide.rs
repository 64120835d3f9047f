//! What the demo says of itself.

use std::net::SocketAddr;

/// The text of `GET /`, with commands for the server at `address`.
pub(crate) fn guide(address: SocketAddr, adaptive: bool) -> String {
    let base = format!("http://{}", reachable(address));
    let report = match adaptive {
        false => "for each x-api-key 2 a second, `partner` any number",
        true => "for each x-api-key 20 a second, fewer while answers are slow or fail",
    };
    let at_once = match adaptive {
        false => {
            "\n                    ?days=6 in a fifth of it    as many at once as the database bears, others wait"
        }
        true => "",
    };
    let degrade = match adaptive {
        false => "",
        true => "\n  POST /degrade     leaves reports 2 of 20 connections for ?seconds=15",
    };
    let reports = match adaptive {
        false => format!(
            r#"# without a key, reports share one limit: two 200s, then 429s
for i in $(seq 4); do curl -s -o /dev/null -w '%{{http_code}} ' '{base}/report' & done; wait; echo

# too many at once, with the key whose rate is not limited: 200s for as many as are let in, 503s for the others
for i in $(seq 40); do curl -s -o /dev/null -w '%{{http_code}} ' -H 'x-api-key: partner' '{base}/report' & done; wait; echo

# how many are let in goes up while answers stay quick
for i in $(seq 500); do curl -s -o /dev/null -H 'x-api-key: partner' '{base}/report?days=6' & sleep 0.005; done; wait; curl '{base}/concurrency'"#
        ),
        true => format!(
            r#"# reports in trouble: the demo tells on its stderr how their limit falls until answers are good, and recovers
curl -X POST '{base}/degrade?seconds=15'; (for i in $(seq 500); do curl -s -o /dev/null -w '%{{http_code}} ' '{base}/report' & sleep 0.05; done; wait; echo)

# in another terminal meanwhile: the quota that clients are told (RateLimit-Policy), and all limits
curl -i '{base}/report'; echo; curl '{base}/limits'"#
        ),
    };
    format!(
        r#"tower-weir demo on {base}

  GET  /search?q=   results from a catalogue    for each address 10 a second and 100 a minute
  POST /login       user ada, password notes    for each address 10 failed ones a minute, 5 at once
  GET  /report      takes 200 to 400 ms         {report}{at_once}
  GET  /feed        recent items                for each x-api-key 5 a second, `partner` 50; without one, shared
  GET  /feed/fish   also floods, mills, locks, dams: made once for all who ask meanwhile, authors looked up in batches
  GET  /sharing     how many feeds and authors were shared
  GET  /articles/7  takes 80 ms to make         cached for 10 s, and given stale while it is made anew
  POST /purge       takes articles out of the cache: ?tag=article-7, ?path=/articles/7, or all
  GET  /cache       how often the cache was of use
  GET  /weir        what the file says for each route
  GET  /limits      all rate limits as they are now{degrade}
  GET  /concurrency how many reports may be under way at once, are, and wait
  GET  /profile     how long each route takes, and what for

Copy and paste:

# search until it is limited: 200s, then 429s
for i in $(seq 30); do curl -s -o /dev/null -w '%{{http_code}} ' '{base}/search?q=weir'; done; echo

# what every answer says (RateLimit, RateLimit-Policy)
curl -i '{base}/search?q=weir'

# log in as often as you like: 200s, for only failures count
for i in $(seq 10); do curl -s -o /dev/null -w '%{{http_code}} ' -H 'content-type: application/json' -d '{{"user":"ada","password":"notes"}}' '{base}/login'; done; echo

# guess passwords: five 401s, then a 429 with Retry-After and a problem document
for i in $(seq 6); do curl -i -H 'content-type: application/json' -d '{{"user":"ada","password":"'$i'"}}' '{base}/login'; echo; done

{reports}

# one key is limited, the partner's is not yet
for key in a partner; do for i in $(seq 12); do curl -s -o /dev/null -w '%{{http_code}} ' -H "x-api-key: $key" '{base}/feed'; done; echo; done

# three feeds, each asked for by ten at once: few calls, fewer queries
for i in $(seq 10); do for topic in floods fish mills; do curl -s -o /dev/null '{base}/feed/'$topic & done; done; wait; curl '{base}/sharing'

# an article twice, with what the cache did (Cache-Status, Age), and how long each took; then purge it
for i in 1 2; do curl -s -D - -o /dev/null -w '%{{time_total}} s\n' '{base}/articles/7' | grep -iE 'cache-status|age:| s$'; done
curl -X POST '{base}/purge?tag=article-7'; curl '{base}/cache'

# how long each route took, refusals included: since the start, in the last minute, and all numbers as JSON
curl '{base}/profile'
curl '{base}/profile?window=minute'
curl -s -H 'accept: application/json' '{base}/profile'; echo
"#
    )
}

/// An address that is listened on as one that can be connected to.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
