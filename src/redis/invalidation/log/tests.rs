//! Against a real server.

use std::time::Duration;

use super::*;
use crate::redis::server::RedisServer;

/// Whoever reads it is told by the number alone that there was another: see the log of a process.
#[tokio::test]
async fn of_the_same_the_last_is_held_and_the_number_of_the_one_before_is_missing() {
    let server = RedisServer::start();
    let redis = Redis::open(&server.url()).unwrap().timeout(Duration::from_secs(30));
    let redis = redis.unwrap();
    let [one, other] = [(); 2].map(|()| PurgeLog::new(&redis));
    let mut come = Position::default();
    for (log, purges, number) in [(&one, &["a", "b"][..], 1), (&other, &["a"], 3)] {
        let purges = (1..).zip(purges);
        let purges = purges.map(|(issue, purge)| Unsent { issue, purge: Bytes::from(*purge) });
        let (id, first) = log.send(come, &purges.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(first, number);
        come = Position { log: id, number: first };
    }
    let missed = one.read(Position { number: 0, ..come }).await.unwrap();
    let purges = vec![(2, Bytes::from("b")), (3, Bytes::from("a"))];
    assert_eq!(missed, Missed { position: come, floor: 0, purges });
}
