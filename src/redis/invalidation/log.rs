use std::sync::LazyLock;

use ::redis::{Cmd, from_redis_value};
use bytes::Bytes;

use super::message::{from_hex, to_hex};
use crate::{
    cache::second_tier::{Position, Unsent},
    redis::{
        Redis,
        connection::{Failure, Script, UNHURRIED, Use},
        random::random,
    },
};

/// The log of purges in Redis.
#[derive(Clone, Debug)]
pub(in crate::redis) struct PurgeLog {
    redis: Redis,
    /// In one slot of a cluster.
    keys: [String; 2],
    pub(super) channel: String,
    /// Who sends: random, so that a process knows its own messages.
    pub(super) sender: u64,
    held: usize,
    page: usize,
}

/// How many purges are told apart. Who has not heard of those before has to purge everything.
const HELD: usize = 65_536;

/// How many are read at once: a server serves nobody else meanwhile.
const PAGE: usize = 1024;

static PURGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("purge.lua")));
static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("read.lua")));

/// What was read from the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// Where it ends.
    pub(super) position: Position,
    pub(super) floor: u64,
    pub(super) purges: Vec<(u64, Bytes)>,
}

impl PurgeLog {
    /// How many can be sent at once: a server serves nobody else meanwhile.
    pub(in crate::redis) const SENT_AT_ONCE: usize = 128;

    pub(in crate::redis) fn new(redis: &Redis) -> Self {
        let prefix = redis.prefix();
        let key = |part| format!("{{{prefix}:purges}}:{part}");
        Self {
            keys: [key("log"), key("about")],
            channel: format!("{prefix}:purges"),
            sender: random(),
            redis: redis.clone(),
            held: HELD,
            page: PAGE,
        }
    }

    /// Adds purges to the log, and tells all processes. The log's id, and the number of the first.
    ///
    /// A log that ends before the position of who sends has lost its end, and is begun anew.
    pub(in crate::redis) async fn send(
        &self,
        come: Position,
        purges: &[Unsent],
    ) -> Result<(u64, u64), Failure> {
        let mut arguments = vec![
            to_hex(new_id()).into(),
            self.held.to_string().into(),
            self.channel.clone().into(),
            to_hex(self.sender).into(),
            to_hex(come.log).into(),
            come.number.to_string().into(),
        ];
        for Unsent { issue, purge } in purges {
            arguments.push(issue.to_string().into());
            arguments.push(purge.to_vec());
        }
        let (id, first): (Bytes, u64) =
            self.redis.run_within(UNHURRIED, Use::Purge, &PURGE, &self.keys, &arguments).await?;
        Ok((from_hex(&id).ok_or_else(strange)?, first))
    }

    /// What came after a position. All there is, if it is one in another log.
    pub(super) async fn read(&self, position: Position) -> Result<Missed, Failure> {
        let mut missed = Missed { position, floor: 0, purges: Vec::new() };
        let mut after = position;
        loop {
            let (log, last, floor, page) = self.read_page(after).await?;
            if log != missed.position.log {
                missed.purges.clear();
            }
            let is_last = page.len() < self.page;
            missed.position = Position { log, number: last };
            missed.floor = floor;
            missed.purges.extend(page);
            match missed.purges.last() {
                Some((number, _)) if !is_last => after = Position { log, number: *number },
                _ => return Ok(missed),
            }
        }
    }

    async fn read_page(
        &self,
        after: Position,
    ) -> Result<(u64, u64, u64, Vec<(u64, Bytes)>), Failure> {
        let arguments = [
            to_hex(new_id()).into(),
            to_hex(after.log).into(),
            after.number.to_string().into(),
            self.page.to_string().into(),
        ];
        let told: Vec<::redis::Value> =
            self.redis.run_within(UNHURRIED, Use::Upkeep, &READ, &self.keys, &arguments).await?;
        let mut told = told.into_iter();
        let mut next = || told.next().ok_or_else(strange);
        let id: Bytes = read(next()?)?;
        let (last, floor) = (read(next()?)?, read(next()?)?);
        let mut purges = Vec::with_capacity(told.len() / 2);
        while let Some(purge) = told.next() {
            let number: u64 = read(told.next().ok_or_else(strange)?)?;
            purges.push((number, read(purge)?));
        }
        Ok((from_hex(&id).ok_or_else(strange)?, last, floor, purges))
    }

    /// Where the log ends; `None` if there is none.
    pub(super) async fn end(&self) -> Result<Option<Position>, Failure> {
        let mut command = Cmd::new();
        command.arg("HMGET").arg(&self.keys[1]).arg("id").arg("number");
        let (id, number): (Option<Bytes>, Option<u64>) =
            self.redis.call_within(UNHURRIED, Use::Upkeep, &command).await?;
        let position = id.and_then(|id| Some(Position { log: from_hex(&id)?, number: number? }));
        Ok(position)
    }
}

/// 0 is that of no log.
fn new_id() -> u64 {
    random().max(1)
}

fn read<T: ::redis::FromRedisValue>(value: ::redis::Value) -> Result<T, Failure> {
    from_redis_value(value).map_err(|error| Failure::Failed(error.into()))
}

fn strange() -> Failure {
    let text = "the log of purges has another form";
    Failure::Failed((::redis::ErrorKind::UnexpectedReturnType, text).into())
}

#[cfg(test)]
mod tests;
