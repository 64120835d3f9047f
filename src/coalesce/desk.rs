use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Method;

use super::{
    CoalesceStats,
    flight::{FlightKey, Flown, Flying, Shares},
    key::{key, may_share},
    meters::{Meters, Outcome},
    settings::Settings,
    writes::{Place, Writes},
};
use crate::{
    body::Guard,
    clock::Timestamp,
    content::ContentKey,
    fingerprint::{Seen, Unfit},
    flight::{Flights, Joined},
    head::Head,
    key::KeySeed,
    pass_marks::PassMarks,
    telemetry::Resolved,
};

/// What all services of one layer share.
pub(super) struct Desk {
    pub(super) settings: Settings,
    /// The secret of keys.
    pub(super) seed: KeySeed,
    pub(super) flights: Shares,
    /// Requests whose responses turned out not to be for others.
    passes: PassMarks,
    writes: Writes,
    meters: Resolved<Meters>,
    told_of_unfit: AtomicBool,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Sorted {
    /// It goes to the service alone.
    Passes(Option<Write>),
    /// It shares a call with others that have this key.
    Shares(FlightKey),
}

/// An unsafe request under way, until its answer has come to its end: whoever comes then joins no call from before it.
pub(super) struct Write {
    desk: Arc<Desk>,
    place: Place,
}

/// A call under way that may be shared, as metrics have it.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Desk>);

impl Desk {
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            seed: KeySeed::random(),
            flights: Flights::new(),
            passes: PassMarks::new(),
            writes: Writes::new(),
            meters: Resolved::default(),
            told_of_unfit: AtomicBool::new(false),
        })
    }

    pub(super) fn meters(&self) -> &Meters {
        self.meters.get_or_resolve(|| Meters::resolve(&self.settings.name))
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.meters().count(outcome);
    }

    pub(super) fn stats(&self) -> CoalesceStats {
        self.meters().stats(&self.settings.name)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    pub(super) fn set_out(self: &Arc<Self>) -> InFlight {
        self.meters().set_out();
        InFlight(Arc::clone(self))
    }

    /// Decides on the request with this head. If it is a query, `content` is what tells its body from others.
    pub(super) fn sort(self: &Arc<Self>, head: &Head<'_>, content: Option<&ContentKey>) -> Sorted {
        let is_get = *head.method == Method::GET || *head.method == Method::HEAD;
        if !is_get && content.is_none() {
            return Sorted::Passes(self.pass(head));
        }
        let Settings { fingerprint, .. } = &self.settings;
        let seen = Seen::of(head.headers);
        let passed = || {
            self.count(Outcome::Passed);
            Sorted::Passes(None)
        };
        if !may_share(head, seen, fingerprint, content.is_some()) {
            return passed();
        }
        match key(head, seen, fingerprint, content, &self.seed) {
            Ok(key) if self.passes.is_set(key, self.now()) => passed(),
            Ok(key) => {
                let writes = self.writes.ended(self.writes.place(head, &self.seed));
                Sorted::Shares(FlightKey { key, writes })
            }
            Err(unfit) => {
                self.tell_of(&unfit);
                // A field may make another method of what was to be a query.
                Sorted::Passes(self.pass(head))
            }
        }
    }

    /// Lets a request that is no query go to the service.
    pub(super) fn pass(self: &Arc<Self>, head: &Head<'_>) -> Option<Write> {
        self.count(Outcome::Passed);
        (!head.method.is_safe())
            .then(|| Write { desk: Arc::clone(self), place: self.writes.place(head, &self.seed) })
    }

    /// Joins the flight for a key, or begins it.
    pub(super) fn join(&self, key: FlightKey) -> Flying {
        match self.flights.join(key) {
            // A body that comes slowly may be older than anybody should have to be content with.
            Joined::Landed(Flown::Given(answer))
                if self.now().saturating_since(answer.began) > self.settings.max_wait =>
            {
                self.flights.spoil(&key);
                self.flights.join(key)
            }
            joined => joined,
        }
    }

    /// Those who ask for the same need not wait for each other for a while.
    pub(super) fn mark(&self, key: FlightKey) {
        self.passes.set(key.key, self.now(), self.settings.pass_for);
    }

    #[cold]
    fn tell_of(&self, unfit: &Unfit) {
        if !self.told_of_unfit.swap(true, Ordering::Relaxed) {
            let coalesce = &*self.settings.name;
            tracing::warn!(coalesce, "{} (logged once)", unfit.remedy("coalescing"));
        }
    }
}

impl Write {
    /// Its answer is known, if not all of it: whoever comes now joins no call from before that either.
    pub(super) fn is_answered(&self) {
        self.desk.writes.end(self.place);
    }
}

impl Guard for Write {}

impl Drop for Write {
    fn drop(&mut self) {
        self.desk.writes.end(self.place);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.meters().end();
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.place).finish()
    }
}
