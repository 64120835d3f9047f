//! What one response tells about the limit, and how it joins what other limits have told.

use std::{cmp::Reverse, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header::Entry};
use smallvec::SmallVec;

use super::{
    decision::Standing,
    headers::{Fields, LegacyReset},
    quota::SECOND,
};
use crate::clock::{Clock, Timestamp};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How a key stood when its request was decided on.
pub(super) struct Report {
    fields: Arc<Fields>,
    /// The reported policies, the tightest first.
    items: SmallVec<[Item; 1]>,
    /// `X-RateLimit-Reset`.
    reset: u64,
}

#[derive(Clone, Copy)]
struct Item {
    /// The policy's place among the limit's.
    policy: u32,
    remaining: u32,
    /// Seconds until quota is added, rounded up; 0 if there is nothing to add.
    next: u64,
}

impl Report {
    pub(super) fn new(
        fields: Arc<Fields>,
        standings: &[Standing],
        refused_by: Option<usize>,
        now: Timestamp,
        clock: &Clock,
    ) -> Self {
        let style = fields.style;
        let items = standings.iter().enumerate().map(|(policy, standing)| Item {
            policy: policy as u32,
            remaining: standing.gcra.remaining(now, standing.tat),
            next: standing.gcra.next_in(now, standing.tat).div_ceil(SECOND),
        });
        let refused_by = refused_by.map(|policy| policy as u32);
        // The policy that refuses longest, then the one with least left, then the one that waits longest.
        let tightness =
            |item: &Item| (refused_by != Some(item.policy), item.remaining, Reverse(item.next));
        let items = if style.all_policies {
            let mut items: SmallVec<[Item; 1]> = items.collect();
            items.sort_by_key(tightness);
            items
        } else {
            items.min_by_key(tightness).into_iter().collect()
        };
        let next = items.first().map_or(0, |item| item.next);
        let reset = match style.reset {
            LegacyReset::Epoch if style.headers.legacy() => clock.unix_time().as_secs() + next,
            _ => next,
        };
        Self { fields, items, reset }
    }

    /// Adds the fields to a response. What another limit has told inside stays, in one line with this one's.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let style = self.fields.style.headers;
        if style.draft() && !self.write_draft(headers) {
            self.merge_draft(headers);
        }
        if style.legacy() {
            self.write_legacy(headers);
        }
    }

    /// Adds the fields if nothing has been told yet. Otherwise one of them may have been added: then it tells the truth, and
    /// merging finds that it does.
    fn write_draft(&self, headers: &mut HeaderMap) -> bool {
        let Entry::Vacant(policies) = headers.entry(RATELIMIT_POLICY) else { return false };
        policies.insert(self.fields.policy_field.clone());
        let Entry::Vacant(remainders) = headers.entry(RATELIMIT) else { return false };
        let mut text = Text::new();
        for item in &self.items {
            if !text.is_empty() {
                text.push(b", ");
            }
            item.write(&self.fields.policies[item.policy as usize].name, &mut text);
        }
        if let Some(value) = text.value() {
            remainders.insert(value);
        }
        true
    }

    /// A policy that was told with the same numbers is the same limit met twice, or one like it: the smaller remainder is
    /// the one that a client will feel. A different policy of the same name gets a name of its own.
    #[cold]
    fn merge_draft(&self, headers: &mut HeaderMap) {
        let mut policies = joined(headers, &RATELIMIT_POLICY);
        let mut remainders = joined(headers, &RATELIMIT);
        for (at, policy) in self.fields.policies.iter().enumerate() {
            let mut name = policy.name.clone();
            let mut number = 2;
            while named(&policies, &name).is_some_and(|told| told != policy.member(&name)) {
                // Inside the closing quote.
                name = format!("{}-{number}\"", &policy.name[..policy.name.len() - 1]);
                number += 1;
            }
            if named(&policies, &name).is_none() {
                push_member(&mut policies, &policy.member(&name));
            }
            if let Some(item) = self.items.iter().find(|item| item.policy as usize == at) {
                merge_item(&mut remainders, &name, *item);
            }
        }
        for (name, list) in [(RATELIMIT_POLICY, policies), (RATELIMIT, remainders)] {
            if let Ok(value) = HeaderValue::try_from(list) {
                headers.insert(name, value);
            }
        }
    }

    fn write_legacy(&self, headers: &mut HeaderMap) {
        let Some(item) = self.items.first() else { return };
        let told = headers.get(X_RATELIMIT_REMAINING).and_then(|value| value.to_str().ok());
        let told: Option<u32> = told.and_then(|told| told.parse().ok());
        // There is room for one limit only: the tightest.
        if told.is_some_and(|told| told <= item.remaining) {
            return;
        }
        let quota = self.fields.policies[item.policy as usize].quota;
        let numbers = [
            (X_RATELIMIT_LIMIT, quota),
            (X_RATELIMIT_REMAINING, u64::from(item.remaining)),
            (X_RATELIMIT_RESET, self.reset),
        ];
        for (name, number) in numbers {
            // `HeaderValue::from` a number allocates twice.
            if let Ok(value) = HeaderValue::from_str(itoa::Buffer::new().format(number)) {
                headers.insert(name, value);
            }
        }
    }
}

impl Item {
    /// The list member for `RateLimit`.
    fn write(self, name: &str, text: &mut Text) {
        let mut digits = itoa::Buffer::new();
        text.push(name.as_bytes());
        text.push(b";r=");
        text.push(digits.format(self.remaining).as_bytes());
        if self.next > 0 {
            text.push(b";t=");
            text.push(digits.format(self.next).as_bytes());
        }
    }
}

/// A field value in the making: on the stack while it is short, so that it is allocated once, at its size.
struct Text {
    short: [u8; 64],
    length: usize,
    /// All of it, once it is longer.
    long: Vec<u8>,
}

impl Text {
    const fn new() -> Self {
        Self { short: [0; 64], length: 0, long: Vec::new() }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        match self.short.get_mut(self.length..end) {
            Some(room) if self.long.is_empty() => {
                room.copy_from_slice(bytes);
                self.length = end;
            }
            _ => self.push_long(bytes),
        }
    }

    #[cold]
    fn push_long(&mut self, bytes: &[u8]) {
        if self.long.is_empty() {
            self.long.extend_from_slice(&self.short[..self.length]);
        }
        self.long.extend_from_slice(bytes);
    }

    fn bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.length] } else { &self.long }
    }

    fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    fn value(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.bytes()).ok()
    }
}

/// Adds what remains by a policy, unless the list tells of less by that name.
fn merge_item(list: &mut String, name: &str, item: Item) {
    let mut text = Text::new();
    item.write(name, &mut text);
    let member = String::from_utf8_lossy(text.bytes());
    let Some(told) = named(list, name) else { return push_member(list, &member) };
    let remaining =
        told[name.len()..].split(';').find_map(|parameter| parameter.strip_prefix("r="));
    if remaining.and_then(|told| told.parse().ok()).is_some_and(|told: u32| told > item.remaining) {
        *list = list.replacen(told, &member, 1);
    }
}

/// All lines of a list field as one.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let mut joined = String::new();
    for line in headers.get_all(name).iter().filter_map(|line| line.to_str().ok()) {
        push_member(&mut joined, line);
    }
    joined
}

fn push_member(list: &mut String, member: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(member);
}

/// The member of a list that has this name, which is in quotes.
fn named<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut members = members(list);
    members.find(|member| {
        member.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
    })
}

/// The members of a list of structured field strings (RFC 9651 section 4.2.1), commas within quotes not separating.
fn members(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = move |char: char| {
        let separates = char == ',' && !quoted;
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && quoted && !escaped;
        separates
    };
    list.split(separates).map(str::trim)
}
