//! Steady traffic to the slow route, which degrades for a third of the time.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tower_weir::{clock::Clock, error::BoxError, rate_limit::PolicyHandle};

use crate::{
    guide::reachable,
    reports::{Reports, TARGET},
    timeline::{Second, Timeline},
};

/// A little more than the limit lets pass. As from many clients: it does not wait for answers.
const OFFERED_PER_SECOND: usize = 24;

/// Asks `server` for reports for so many `seconds` or until `interrupted`.
pub(crate) async fn surge(
    server: SocketAddr,
    seconds: usize,
    reports: &Reports,
    limit: &PolicyHandle,
    interrupted: impl Future<Output = ()>,
) -> Timeline {
    let degraded = seconds / 3..seconds / 3 * 2;
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let url = format!("http://{}/report", reachable(server));
    let mut requests = JoinSet::new();
    let mut timeline = Timeline { seconds: Vec::new(), degraded: degraded.clone() };

    let mut ticks = interval(Duration::from_secs(1) / OFFERED_PER_SECOND as u32);
    // However late the ticks come, none is left out.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let run = async {
        for second in 0..seconds {
            if second == degraded.start {
                reports.degrade(Duration::from_secs(degraded.len() as u64));
            }
            for _ in 0..OFFERED_PER_SECOND {
                ticks.tick().await;
                let request = send(client.clone(), url.clone());
                requests.spawn(async move { (second, request.await) });
            }
            let multiplier = limit.multiplier();
            timeline.seconds.push(Second { multiplier, ..Second::default() });
            timeline.show_progress(seconds);
        }
    };
    tokio::select! {
        () = run => {}
        () = interrupted => {}
    }
    timeline.end_progress();
    while let Some(request) = requests.join_next().await {
        // One that panicked has printed why; of a second that was interrupted nothing is told.
        if let Ok((second, answer)) = request
            && let Some(second) = timeline.seconds.get_mut(second)
        {
            second.offered += 1;
            let Ok((status, latency)) = answer else { continue };
            second.passed += usize::from(status != StatusCode::TOO_MANY_REQUESTS);
            second.good += usize::from(status.is_success() && latency <= TARGET);
        }
    }
    timeline
}

async fn send(
    client: Client<HttpConnector, Empty<Bytes>>,
    url: String,
) -> Result<(StatusCode, Duration), BoxError> {
    let clock = Clock::system();
    let start = clock.now();
    let response = client.request(Request::get(url).body(Empty::new())?).await?;
    let (head, body) = response.into_parts();
    body.collect().await?;
    Ok((head.status, clock.now().saturating_since(start)))
}
