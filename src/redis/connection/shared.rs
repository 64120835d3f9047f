use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ::redis::Value;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{
    Failure, Status, Use,
    address::Address,
    fault::Fault,
    link::{Link, Question, longest_opening},
    meters::Meters,
    processes::Processes,
    settings::Settings,
};
use crate::{
    circuit_breaker::{LoneCircuit, Pass, State, Window},
    clock::Clock,
    telemetry::Resolved,
};

/// What handles of a connection and its supervisor share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) circuit: LoneCircuit,
    /// `None` until there is one, and when it is given up. Only the supervisor changes it: a call that was held up might
    /// take away the connection that came after its own.
    pub(super) link: watch::Sender<Option<Link>>,
    pub(super) opened: Opened,
    pub(super) is_supervised: AtomicBool,
    pub(super) processes: Processes,
    meters: Resolved<Meters>,
    clock: Clock,
}

/// How long a server is left alone for the first time, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// Tells the supervisor that a call has opened the circuit, and why.
#[derive(Default)]
pub(super) struct Opened {
    cause: Mutex<Option<String>>,
    told: Notify,
}

impl Opened {
    fn tell(&self, failure: &Failure) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.to_string());
        self.told.notify_one();
    }

    pub(super) async fn wait(&self) {
        self.told.notified().await;
    }

    pub(super) fn cause(&self) -> Option<String> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        // Windows by count: how many calls a frozen server costs is then no matter of how many it answered before. Of a
        // cluster that has lost some of its nodes, calls fail that others still serve; so it takes that none is served.
        let (window, failure_share) = match settings.address {
            Address::Server(_) => (Window::by_count(10, 5), 0.5),
            Address::Cluster(_) => (Window::by_count(20, 20), 1.0),
        };
        let window = window.expect("each window has room for its minimum");
        let probe_timeout = longest_opening(&settings).saturating_add(settings.timeout);
        let probe_timeout = probe_timeout.saturating_mul(2);
        let processes = Processes::new(&settings.prefix);
        Self {
            settings,
            circuit: LoneCircuit::new(window, failure_share, PAUSES, probe_timeout),
            link: watch::Sender::new(None),
            opened: Opened::default(),
            is_supervised: AtomicBool::new(false),
            processes,
            meters: Resolved::default(),
            clock: Clock::system(),
        }
    }

    pub(super) fn status(&self) -> Status {
        match (self.circuit.pass(), &*self.link.borrow()) {
            (None, _) => Status::Down,
            (Some(_), Some(_)) => Status::Up,
            (Some(_), None) => Status::Connecting,
        }
    }

    pub(super) fn meters(&self) -> &Meters {
        self.meters.get_or_resolve(|| Meters::resolve(&self.settings.name))
    }

    /// A call of a client's, in the time that calls have.
    pub(super) async fn call(
        &self,
        limit: Duration,
        purpose: Use,
        question: Question<'_>,
    ) -> Result<Value, Failure> {
        let started = self.clock.now();
        let answer = match self.circuit.pass() {
            None => Err(Failure::Skipped),
            Some(pass) => self.call_with(limit, pass, question).await,
        };
        let took = self.clock.now().saturating_since(started);
        self.meters().count(purpose, &answer, took);
        answer
    }

    async fn call_with(
        &self,
        limit: Duration,
        pass: Pass,
        question: Question<'_>,
    ) -> Result<Value, Failure> {
        let mut was_sent = false;
        let asking = async {
            let mut link = self.published_link().await.ok_or(Failure::Skipped)?;
            was_sent = true;
            link.ask(question).await.map_err(Failure::Failed)
        };
        // The supervisor's runtime has timers; that of this call may be another, and have none.
        let Ok(answer) = catch_unwind(AssertUnwindSafe(|| timeout(limit, asking))) else {
            return Err(Failure::Skipped);
        };
        let answer = answer.await.unwrap_or(Err(Failure::TimedOut));
        // That there is no connection yet is for the supervisor to judge.
        if was_sent {
            self.judge(pass, &answer);
        }
        answer
    }

    /// The connection; waits for the first one while it is being opened, `None` if that fails.
    async fn published_link(&self) -> Option<Link> {
        if let Some(link) = &*self.link.borrow() {
            return Some(link.clone());
        }
        let mut published = self.link.subscribe();
        loop {
            if let Some(link) = &*published.borrow_and_update() {
                return Some(link.clone());
            }
            self.circuit.pass()?;
            published.changed().await.ok()?;
        }
    }

    /// Takes down what became of a call.
    pub(super) fn judge<T>(&self, pass: Pass, answer: &Result<T, Failure>) {
        let fault = answer.as_ref().err().map(|failure| (Fault::of(failure), failure));
        let is_cluster = matches!(self.settings.address, Address::Cluster(_));
        let change = match fault {
            None | Some((Fault::Call, _)) => self.circuit.ended(pass, true),
            // In a cluster it is one node's connection, which the client itself replaces.
            Some((Fault::Gone, _)) if !is_cluster => self.circuit.found_nobody(pass),
            Some(_) => self.circuit.ended(pass, false),
        };
        if let (Some(State::Open), Some((_, failure))) = (change, fault) {
            self.opened.tell(failure);
        }
    }

    /// The supervisor's own look at the server.
    pub(super) async fn look(&self, pass: Pass, link: &mut Link) {
        let started = self.clock.now();
        let counts = self.processes.are_wanted();
        let question = if counts { self.processes.question() } else { Question::Ping };
        let answer = timeout(self.settings.timeout, link.ask(question)).await;
        let answer =
            answer.map_or(Err(Failure::TimedOut), |answer| answer.map_err(Failure::Failed));
        self.meters().count(Use::Upkeep, &answer, self.clock.now().saturating_since(started));
        self.judge(pass, &answer);
        if let (true, Ok(answer)) = (counts, &answer) {
            self.processes.told(answer);
        }
    }

    /// The supervisor is gone, with its runtime or the last handle.
    pub(super) fn supervision_ended(&self) {
        // What panics will do so again: not with every call.
        if thread::panicking()
            && let Some(pass) = self.circuit.pass()
        {
            self.circuit.found_nobody(pass);
        }
        self.meters().up.set(0.0);
        self.link.send_replace(None);
        self.is_supervised.store(false, Ordering::Release);
    }
}
