use std::{mem, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::sleep;

use super::{
    log::{Missed, PurgeLog},
    message::Message,
    meters::Meters,
};
use crate::{
    cache::second_tier::{Position, Purging},
    redis::{
        Redis,
        connection::{Event, Failure, Subscription},
        flights::{Claims, Waiting},
    },
};

/// Takes over the purges of other processes, and hears of the flights that land there.
pub(in crate::redis) struct Follower {
    redis: Redis,
    log: PurgeLog,
    purging: Purging,
    waiting: Arc<Waiting>,
    landings: String,
    meters: Meters,
    /// Whether it was said that nothing is heard.
    said_lost: bool,
}

/// How often the end of the log is compared with what was heard.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a message may be on its way.
const GRACE: Duration = Duration::from_millis(50);

/// How long it waits before it listens anew, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), PERIOD];

impl Follower {
    pub(in crate::redis) fn new(
        redis: &Redis,
        log: &PurgeLog,
        purging: &Purging,
        waiting: &Arc<Waiting>,
    ) -> Self {
        Self {
            redis: redis.clone(),
            log: log.clone(),
            purging: purging.clone(),
            waiting: Arc::clone(waiting),
            landings: Claims::channel(redis),
            meters: Meters::resolve(redis),
            said_lost: false,
        }
    }

    /// Follows until it is dropped. Whatever is in doubt, it reads the log and listens anew.
    pub(in crate::redis) async fn follow(mut self) {
        let mut pause = PAUSES[0];
        loop {
            let mut subscription = self.subscribed().await;
            self.waiting.hear();
            if self.listen(&mut subscription).await.is_ok() {
                pause = PAUSES[0];
            }
            self.waiting.lost();
            self.purging.lost();
            self.do_without().await;
            sleep(pause).await;
            pause = (2 * pause).min(PAUSES[1]);
        }
    }

    /// Listens, as soon as that is possible.
    async fn subscribed(&mut self) -> Subscription {
        let channels = vec![self.log.channel.clone(), self.landings.clone()];
        let mut subscription = self.redis.subscribe(channels);
        {
            let mut connecting = pin!(subscription.next());
            loop {
                tokio::select! {
                    // That is the first there is to tell.
                    _connected = &mut connecting => break,
                    () = sleep(PERIOD) => self.do_without().await,
                }
            }
        }
        subscription
    }

    /// What was purged elsewhere is to be gone from this process's memory also if there is nothing to listen to.
    async fn do_without(&mut self) {
        self.say_lost();
        let _unless_down = self.catch_up().await;
        self.purging.lost();
    }

    /// Hears messages until one is found to be missing, or the connection is lost; an error if the log cannot be read.
    async fn listen(&mut self, subscription: &mut Subscription) -> Result<(), Failure> {
        // Not before it is subscribed: what is purged after this was read comes by message.
        self.catch_up().await?;
        self.say_found();
        let mut check = pin!(sleep(PERIOD));
        let mut doubt = None;
        loop {
            tokio::select! {
                event = subscription.next() => {
                    // It is connected already; again only after it was lost.
                    let Event::Message { channel, payload } = event else { return Ok(()) };
                    if channel == self.landings {
                        self.waiting.landed(&payload);
                    } else if !self.hear(payload) {
                        self.catch_up().await?;
                    }
                }
                () = &mut check => {
                    let (is_in_doubt, comparison) = match doubt.take() {
                        Some(comparison) => (true, comparison),
                        None => (false, self.compare().await?),
                    };
                    if comparison.agrees_with(self.purging.position()) {
                        check.set(sleep(PERIOD));
                    } else if is_in_doubt {
                        return Ok(());
                    } else {
                        doubt = Some(comparison);
                        check.set(sleep(GRACE));
                    }
                }
            }
        }
    }

    /// Takes over a purge. Whether all before it are known.
    fn hear(&self, payload: Bytes) -> bool {
        let Some(message) = Message::read(payload) else { return true };
        let Message { log, sender, issue, number, purge } = message;
        if sender == self.log.sender {
            return self.purging.sent(issue, log, number);
        }
        let position = self.purging.position();
        let was_known = position.log == log && position.number >= number;
        let follows = self.purging.received(log, number, &purge);
        if follows && !was_known {
            self.meters.received.increment(1);
        }
        follows
    }

    /// Reads what the log holds that is not known here.
    async fn catch_up(&self) -> Result<(), Failure> {
        let before = self.purging.position();
        let Missed { position, floor, purges } = self.log.read(before).await?;
        let new = self.purging.catch_up(position, floor, purges);
        // Who has just come has missed nothing.
        if before.log != 0 {
            self.meters.repaired.increment(new as u64);
        }
        Ok(())
    }

    fn say_lost(&mut self) {
        if !mem::replace(&mut self.said_lost, true) {
            tracing::warn!(
                redis = &**self.redis.name(),
                "purges of other processes are not heard of: the cache's second tier is not read until they are"
            );
        }
    }

    fn say_found(&mut self) {
        if mem::replace(&mut self.said_lost, false) {
            tracing::info!(
                redis = &**self.redis.name(),
                "purges of other processes are heard of again"
            );
        }
    }

    async fn compare(&self) -> Result<Comparison, Failure> {
        let before = self.purging.position();
        Ok(Comparison { before, end: self.log.end().await? })
    }
}

/// Where the log ended, and where this process was before it asked.
struct Comparison {
    before: Position,
    end: Option<Position>,
}

impl Comparison {
    /// Whether a process that is here now has missed nothing. A log that ends before the process was there has lost purges.
    fn agrees_with(&self, now: Position) -> bool {
        self.end.is_some_and(|end| {
            end.log == now.log && (self.before.number..=now.number).contains(&end.number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_agrees_that_ends_where_the_process_is_or_was_a_moment_ago() {
        let at = |log, number| Position { log, number };
        let agrees = |before, end, now| Comparison { before, end }.agrees_with(now);
        assert!(agrees(at(1, 5), Some(at(1, 5)), at(1, 5)));
        assert!(agrees(at(1, 5), Some(at(1, 6)), at(1, 8)));
        // The message has not come.
        assert!(!agrees(at(1, 5), Some(at(1, 6)), at(1, 5)));
        // The log has lost its end, is another, or is gone.
        assert!(!agrees(at(1, 5), Some(at(1, 4)), at(1, 5)));
        assert!(!agrees(at(1, 5), Some(at(2, 5)), at(1, 5)));
        assert!(!agrees(at(1, 5), None, at(1, 5)));
        // It was another when it was asked for, and a message has told of the new one since.
        assert!(!agrees(at(1, 5), Some(at(2, 1)), at(2, 1)));
    }
}
