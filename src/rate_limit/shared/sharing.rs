use std::{
    fmt,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use smallvec::SmallVec;
use tokio::{runtime::Handle, sync::oneshot};

use super::{
    Fallback, Settlement, Share, SharedStore, SharedStoreError,
    answer::{self, Gcras},
    leases::{Leases, Leasing, Taken, Told},
    memory,
    settle::Place,
    store::{Action, Asking},
};
use crate::{
    clock::Timestamp,
    head::Head,
    key::{Key, SharedKey},
    rate_limit::{
        active::ActiveRule,
        admission::{Admission, Answer, Passed, Subject},
        decision::Decision,
        deferred::{Decide, Deciding},
        exceptions::Tiers,
    },
};

/// What all services of one layer share.
pub(super) struct Sharing {
    admission: Arc<Admission>,
    store: Arc<dyn SharedStore>,
    fallback: Fallback,
    leasing: Option<Arc<Leasing>>,
    /// Whether the store was last told of as not answering.
    away: AtomicBool,
    /// When it did not answer the last time.
    failed: AtomicU64,
}

/// For how long no answer may fail before the store is said to answer again. So a store that answers now and then does not fill
/// the log.
const STEADY: Duration = Duration::from_secs(1);

/// How far a request is.
pub(super) enum Step {
    Done(Result<Passed, Answer>),
    Ask(Deciding),
}

/// A request, and what was decided.
struct Decided {
    sharing: Arc<Sharing>,
    asked: Asked,
    now: Timestamp,
    verdict: Verdict,
}

/// All that must be known of a request to decide on it.
struct Asked {
    rule: Arc<ActiveRule>,
    key: Key,
    shared: SharedKey,
    cost: u32,
    tiers: Tiers,
    gcras: Gcras,
    /// That it is refused, by what the store said the last time.
    refused: Option<Decision>,
}

enum Verdict {
    /// By the store.
    Shared(Decision),
    /// By this process alone.
    Local(Decision),
    /// It costs nothing, so it passes whatever the key owes, which nobody was asked.
    Free,
    /// It passes, though nobody knows whether it may.
    Open,
    /// It does not.
    Closed,
}

impl Sharing {
    pub(super) fn new(
        admission: Arc<Admission>,
        store: Arc<dyn SharedStore>,
        fallback: Fallback,
        leases: Option<Leases>,
    ) -> Self {
        let leasing = leases.map(|leases| Arc::new(Leasing::new(leases, Arc::clone(&store))));
        let (away, failed) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { admission, store, fallback, leasing, away, failed }
    }

    pub(super) fn leasing(&self) -> Option<&Arc<Leasing>> {
        self.leasing.as_ref()
    }

    pub(super) fn store(&self) -> &Arc<dyn SharedStore> {
        &self.store
    }

    /// Decides on a request as far as that can be done without the store.
    pub(super) fn begin(this: &Arc<Self>, head: &Head<'_>) -> Step {
        let subject = match this.admission.identify(head) {
            Ok(subject) => subject,
            Err(done) => return Step::Done(done),
        };
        if subject.governed.is_some() {
            return Step::Done(this.admission.decide(subject, head));
        }
        subject.rule.adapt(subject.now);
        // What the store said when it refused is kept in the layer's table.
        let known = subject.rule.limiter.preview(subject.ask(), 0);
        let gcras: Gcras = known.standings.iter().map(|standing| standing.gcra).collect();
        let told = match this.take(&subject, &known, &gcras, head) {
            Taken::Spent(decision) => {
                return Step::Done(Ok(Admission::pass(subject, &decision, head)));
            }
            Taken::Refused => {
                // Of what can never pass nobody was asked how its key stands.
                let is_told = known.refusal() != Some(None);
                let done = this.admission.limit_or_shadow(subject, &known, head, is_told);
                return Step::Done(done);
            }
            Taken::Waits(told) => Some(told),
            Taken::Asks => None,
        };
        let rule = subject.rule;
        let asked = Asked {
            gcras,
            shared: rule.shared_key(head),
            rule: Arc::clone(rule),
            key: subject.key,
            cost: subject.cost,
            tiers: subject.tiers,
            refused: known.refused_by.is_some().then_some(known),
        };
        if asked.cost == 0 {
            let sharing = Arc::clone(this);
            let decided = Decided { sharing, asked, now: subject.now, verdict: Verdict::Free };
            return Step::Done(decided.finish(head));
        }
        if let Some(told) = told {
            return Step::Ask(Box::pin(Arc::clone(this).wait(asked, told)));
        }
        let action = Action::Check { cells: asked.cost };
        let asking =
            this.store.ask(answer::ask(asked.shared, rule.limiter.active(), &asked.gcras, action));
        Step::Ask(Box::pin(Arc::clone(this).decide(asked, asking)))
    }

    /// What a request gets out of the leases, before the store is asked for it.
    fn take(
        &self,
        subject: &Subject<'_>,
        known: &Decision,
        gcras: &Gcras,
        head: &Head<'_>,
    ) -> Taken {
        let refused = known.refused_by.is_some();
        let never = known.refusal() == Some(None);
        match &self.leasing {
            Some(leasing) if !never && subject.cost > 0 && subject.rule.charge_on.is_none() => {
                leasing.take(subject, gcras, refused, head)
            }
            _ if refused => Taken::Refused,
            _ => Taken::Asks,
        }
    }

    /// Waits until cells are bought.
    async fn wait(self: Arc<Self>, asked: Asked, told: oneshot::Receiver<Told>) -> Decide {
        let told = told.await.unwrap_or_else(|_| {
            let ended = "the runtime ended that cells were being bought on";
            Err(Arc::new(SharedStoreError::Failed(ended.into())))
        });
        let now = asked.rule.limiter.now();
        self.heard(&asked.rule, told.as_ref().err().map(|error| &**error));
        let verdict = match told {
            Ok(decision) => Verdict::Shared(decision),
            Err(_) => self.fall_back(&asked, now),
        };
        let decided = Decided { sharing: self, asked, now, verdict };
        Box::new(move |head| decided.finish(head))
    }

    async fn decide(self: Arc<Self>, mut asked: Asked, asking: Asking) -> Decide {
        let answer = asking.await;
        let now = asked.rule.limiter.now();
        let decision = answer.and_then(|outcome| {
            let decision = answer::decision(&asked.gcras, &outcome, now);
            decision.ok_or(SharedStoreError::Failed("it answered something else".into()))
        });
        self.heard(&asked.rule, decision.as_ref().err());
        let verdict = match decision {
            Ok(decision) => {
                memory::hear(&asked.rule, asked.key, &decision, now);
                if asked.refused.is_some() && decision.refused_by.is_none() {
                    memory::forget(&asked.rule, asked.key, &decision, now);
                }
                Verdict::Shared(decision)
            }
            Err(_) => match asked.refused.take() {
                Some(refusal) => Verdict::Shared(refusal),
                None => self.fall_back(&asked, now),
            },
        };
        let decided = Decided { sharing: self, asked, now, verdict };
        Box::new(move |head| decided.finish(head))
    }

    fn fall_back(&self, asked: &Asked, now: Timestamp) -> Verdict {
        let rule = &asked.rule;
        rule.fallbacks(self.fallback.label()).increment(1);
        match self.fallback {
            Fallback::FailOpen => Verdict::Open,
            Fallback::FailClosed => Verdict::Closed,
            Fallback::Local { share } => {
                let processes = match share {
                    Share::Counted => self.store.processes().unwrap_or(NonZeroU32::MIN),
                    Share::Of(processes) => processes,
                };
                let table = rule.limiter.store();
                let local = rule.local();
                let decision =
                    local.decide(table, &asked.gcras, processes, now, asked.key, asked.cost);
                rule.tell_table(decision.changed_stats);
                Verdict::Local(decision)
            }
        }
    }

    /// Notes whether the store answered, and says so when that changes.
    pub(super) fn heard(&self, rule: &ActiveRule, error: Option<&SharedStoreError>) {
        let limit = &**rule.limiter.name();
        let Some(error) = error else {
            let since = || Timestamp::from_nanos(self.failed.load(Ordering::Relaxed));
            if self.away.load(Ordering::Relaxed)
                && rule.limiter.now().saturating_since(since()) >= STEADY
                && self.away.swap(false, Ordering::Relaxed)
            {
                tracing::info!(limit, "the shared store answers again");
            }
            return;
        };
        self.failed.store(rule.limiter.now().as_nanos(), Ordering::Relaxed);
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(limit, "{error}; until it does, {}", self.fallback);
        }
    }
}

impl Decided {
    /// What becomes of the request.
    fn finish(self, head: &Head<'_>) -> Result<Passed, Answer> {
        let Self { sharing, asked, now, verdict } = self;
        let Asked { rule, key, shared, cost, tiers, gcras, .. } = asked;
        let subject = Subject { rule: &rule, key, cost, tiers, governed: None, now };
        let (decision, place) = match verdict {
            Verdict::Closed => return sharing.admission.reject_unsure(&rule, head),
            Verdict::Free => (unknown(), Place::Shared(shared, gcras)),
            Verdict::Open => (unknown(), Place::Nowhere),
            Verdict::Local(decision) => (decision, Place::Local),
            Verdict::Shared(decision) => (decision, Place::Shared(shared, gcras)),
        };
        if decision.refused_by.is_some() {
            return sharing.admission.limit(subject, &decision, head);
        }
        let mut passed = Admission::pass(subject, &decision, head);
        if decision.standings.is_empty() {
            passed.report = None;
        }
        if let Some(follow_up) = &mut passed.follow_up {
            let runtime = Handle::try_current().ok();
            let standings = decision.standings;
            let settlement = Settlement { sharing, place, standings, charged: cost, runtime };
            follow_up.settle_by(settlement);
        }
        Ok(passed)
    }
}

/// Of a request that passes, whatever its key owes.
fn unknown() -> Decision {
    Decision::new(SmallVec::new(), false)
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharing").field("fallback", &self.fallback).finish_non_exhaustive()
    }
}
