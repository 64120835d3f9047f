use std::{collections::BTreeMap, task::Waker};

/// Those who follow, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Wakers by ticket; `None` of one that was not polled yet.
    waiting: BTreeMap<u64, Option<Waker>>,
    tickets: u64,
    /// Who leads next, but has not seen it yet.
    promoted: Option<u64>,
    /// Whether the last leader went when nobody followed.
    over: bool,
}

/// Who is to be woken, or that nobody is left.
#[derive(Debug)]
pub(super) enum HandOver {
    Promoted(Option<Waker>),
    Over,
}

/// Where someone in the line stands.
#[derive(Debug)]
pub(super) enum Place {
    Leads,
    /// It will be woken by the new waker; this was its old one.
    Waits(Option<Waker>),
}

impl Line {
    /// A place at the end; `None` if the flight is over.
    pub(super) fn board(&mut self) -> Option<u64> {
        if self.over {
            return None;
        }
        let ticket = self.tickets;
        self.tickets += 1;
        self.waiting.insert(ticket, None);
        Some(ticket)
    }

    pub(super) fn poll(&mut self, ticket: u64, waker: &Waker) -> Place {
        if self.promoted == Some(ticket) {
            self.promoted = None;
            return Place::Leads;
        }
        let mine = self.waiting.entry(ticket).or_default();
        if mine.as_ref().is_some_and(|mine| mine.will_wake(waker)) {
            return Place::Waits(None);
        }
        Place::Waits(mine.replace(waker.clone()))
    }

    /// Someone gives up their place. If they were to lead, it is handed over.
    pub(super) fn leave(&mut self, ticket: u64) -> Result<Option<Waker>, HandOver> {
        if self.promoted == Some(ticket) {
            return Err(self.hand_over());
        }
        Ok(self.waiting.remove(&ticket).flatten())
    }

    /// Who leads is gone: the one who has waited longest is next.
    pub(super) fn hand_over(&mut self) -> HandOver {
        let next = self.waiting.pop_first();
        self.promoted = next.as_ref().map(|(ticket, _)| *ticket);
        match next {
            Some((_, waker)) => HandOver::Promoted(waker),
            None => {
                self.over = true;
                HandOver::Over
            }
        }
    }

    /// Lets nobody in any more if nobody follows. Whether that is so.
    pub(super) fn close_if_empty(&mut self) -> bool {
        self.over |= self.waiting.is_empty();
        self.over
    }

    /// Empties the line, to wake all.
    pub(super) fn disembark(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.waiting).into_values().flatten()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
