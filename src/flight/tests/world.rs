//! Flights for one key beside a plain model of them.

use std::{
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::flight::{Flights, Follower, Joined, Landing, Leader, Turn};

/// What can happen; of several flights or followers, the one of this number is meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Join,
    Poll(usize),
    Leave(usize),
    WriteOff(usize),
    DropLeader(usize),
    /// The leader goes, and leaves the work as it is.
    Pass(usize),
    Land(usize),
    DropLanding(usize),
    Spoil,
}

pub(super) struct World {
    flights: Flights<&'static str, usize, Work>,
    members: Vec<Member>,
    known: Vec<Known>,
    /// Which flight is joined.
    current: Option<usize>,
}

struct Member {
    /// `None` once it has been answered, or has left.
    follower: Option<Follower<&'static str, usize, Work>>,
    flight: usize,
    wakes: Arc<Wakes>,
    /// Whether it was polled since it was woken.
    waits: bool,
}

/// What leaders leave to each other.
type Work = Arc<()>;

/// What a flight is expected to be.
#[derive(Default)]
struct Known {
    leader: Option<Leader<&'static str, usize, Work>>,
    landing: Option<Landing<&'static str, usize, Work>>,
    line: Vec<usize>,
    promoted: Option<usize>,
    landed: bool,
    spoiled: bool,
    /// What the last leader that passed it on left.
    work: Weak<()>,
    /// Whether it waits for the next.
    is_left: bool,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

const KEY: &str = "key";

impl World {
    pub(super) fn new() -> Self {
        Self { flights: Flights::new(), members: Vec::new(), known: Vec::new(), current: None }
    }

    /// All that can happen now.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Join];
        steps.extend(self.current.map(|_| Step::Spoil));
        for (at, flight) in self.known.iter().enumerate() {
            steps.extend(flight.leader.as_ref().map(|_| Step::Land(at)));
            steps.extend(flight.leader.as_ref().map(|_| Step::DropLeader(at)));
            steps.extend(flight.leader.as_ref().map(|_| Step::Pass(at)));
            steps.extend(flight.landing.as_ref().map(|_| Step::DropLanding(at)));
        }
        for (at, member) in self.members.iter().enumerate() {
            let here = member.follower.is_some();
            steps.extend(here.then_some(Step::Leave(at)));
            steps.extend(here.then_some(Step::WriteOff(at)));
            // Polled again without having been woken, it does nothing.
            steps.extend((here && !member.waits).then_some(Step::Poll(at)));
        }
        steps
    }

    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Join => self.join(),
            Step::Poll(member) => self.poll(member),
            Step::Leave(member) => {
                self.members[member].follower = None;
                self.left(member);
            }
            Step::WriteOff(member) => {
                self.members[member].follower.take().unwrap().write_off();
                let flight = self.members[member].flight;
                self.known[flight].spoiled = true;
                self.end(flight);
                self.left(member);
            }
            Step::DropLeader(flight) => {
                self.known[flight].leader = None;
                self.hand_over(flight);
            }
            Step::Pass(flight) => {
                let work = Work::default();
                let known = &mut self.known[flight];
                (known.work, known.is_left) = (Arc::downgrade(&work), true);
                known.leader.take().unwrap().pass(work);
                self.hand_over(flight);
            }
            Step::Land(flight) => self.land(flight),
            Step::DropLanding(flight) => {
                self.known[flight].landing = None;
                self.end(flight);
            }
            Step::Spoil => {
                self.flights.spoil(KEY);
                if let Some(flight) = self.current.take() {
                    self.known[flight].spoiled = true;
                }
            }
        }
        self.check();
    }

    fn join(&mut self) {
        match (self.flights.join(KEY), self.current) {
            (Joined::Leads(leader), None) => self.begin(leader),
            (Joined::Follows(follower), Some(flight)) => {
                assert!(!self.known[flight].landed);
                self.known[flight].line.push(self.members.len());
                let (wakes, waits) = (Arc::default(), false);
                self.members.push(Member { follower: Some(follower), flight, wakes, waits });
            }
            (Joined::Landed(value), Some(flight)) => {
                assert!(value == flight && self.known[flight].landed);
            }
            (joined, current) => panic!("{joined:?} with {current:?} under way"),
        }
    }

    fn begin(&mut self, leader: Leader<&'static str, usize, Work>) {
        self.current = Some(self.known.len());
        self.known.push(Known { leader: Some(leader), ..Known::default() });
    }

    fn poll(&mut self, at: usize) {
        let member = &mut self.members[at];
        let flight = &mut self.known[member.flight];
        let waker = Waker::from(Arc::clone(&member.wakes));
        let follower = member.follower.as_mut().unwrap();
        match Pin::new(follower).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(Turn::Landed(value)) => {
                assert!(value == member.flight && flight.landed);
                member.follower = None;
            }
            Poll::Ready(Turn::Leads(leader)) => {
                assert!(flight.leader.is_none() && !flight.landed);
                assert_eq!(flight.promoted.take(), Some(at));
                let work = leader.take_over();
                assert_eq!(work.is_some(), std::mem::take(&mut flight.is_left));
                assert!(work.is_none_or(|work| flight.work.ptr_eq(&Arc::downgrade(&work))));
                flight.leader = Some(leader);
                // Dropped here, it must not give away what it has become.
                member.follower = None;
            }
            Poll::Pending => {
                assert!(!flight.landed && flight.promoted != Some(at));
                member.waits = true;
            }
        }
    }

    fn left(&mut self, at: usize) {
        let flight = self.members[at].flight;
        self.known[flight].line.retain(|member| *member != at);
        if self.known[flight].promoted == Some(at) {
            self.hand_over(flight);
        }
    }

    fn land(&mut self, at: usize) {
        let flight = &mut self.known[at];
        flight.landing = flight.leader.take().map(|leader| leader.land(at));
        flight.landed = true;
        flight.line.clear();
    }

    fn hand_over(&mut self, at: usize) {
        let flight = &mut self.known[at];
        flight.promoted = (!flight.line.is_empty()).then(|| flight.line.remove(0));
        if flight.promoted.is_none() {
            flight.is_left = false;
            self.end(at);
        }
    }

    fn end(&mut self, flight: usize) {
        self.current.take_if(|current| *current == flight);
    }

    fn check(&mut self) {
        assert_eq!(self.flights.len(), usize::from(self.current.is_some()));
        assert_eq!(self.flights.lead(KEY).is_none(), self.current.is_some());
        for (at, flight) in self.known.iter().enumerate() {
            assert_eq!(flight.work.strong_count(), usize::from(flight.is_left), "it is not kept");
            if let Some(leader) = &flight.leader {
                let expected = (flight.line.len(), flight.spoiled);
                assert_eq!((leader.followers(), leader.is_spoiled()), expected);
                assert_eq!(leader.unless_spoiled(|| ()).is_none(), flight.spoiled);
            }
            if let Some(landing) = &flight.landing {
                assert_eq!((*landing.value(), landing.is_spoiled()), (at, flight.spoiled));
                assert_eq!(landing.unless_spoiled(|| ()).is_none(), flight.spoiled);
            }
        }
        for (at, member) in self.members.iter_mut().enumerate() {
            let flight = &self.known[member.flight];
            let there_is_news = flight.landed || flight.promoted == Some(at);
            let told = member.waits && there_is_news && member.follower.is_some();
            assert_eq!(member.wakes.0.swap(0, Ordering::SeqCst), usize::from(told));
            member.waits &= !told;
        }
    }

    /// Lets all leaders give up, and every follower who is woken see why, until nobody waits.
    pub(super) fn wind_up(mut self) {
        for flight in 0..self.known.len() {
            if self.known[flight].landing.is_some() {
                self.take(Step::DropLanding(flight));
            }
        }
        loop {
            let steps = self.steps();
            let next = steps
                .iter()
                .find(|step| matches!(step, Step::Poll(_) | Step::DropLeader(_)))
                .copied();
            let Some(step) = next else { break };
            self.take(step);
        }
        assert!(self.members.iter().all(|member| member.follower.is_none()), "someone hangs");
        assert_eq!(self.flights.len(), 0);
    }
}
