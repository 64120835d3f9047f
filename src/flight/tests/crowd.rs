use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::flight::{Flights, Follower, Joined, Leader, Turn};

fn lead<T: Clone>(flights: &Flights<u32, T>, key: u32) -> Leader<u32, T> {
    match flights.join(key) {
        Joined::Leads(leader) => leader,
        Joined::Follows(_) | Joined::Landed(_) => panic!("someone leads already"),
    }
}

fn follow<T: Clone>(flights: &Flights<u32, T>, key: u32) -> Follower<u32, T> {
    match flights.join(key) {
        Joined::Follows(follower) => follower,
        Joined::Leads(_) | Joined::Landed(_) => panic!("there is nobody to follow"),
    }
}

fn poll<T: Clone>(follower: &mut Follower<u32, T>, waker: &Waker) -> Poll<Turn<u32, T>> {
    Pin::new(follower).poll(&mut Context::from_waker(waker))
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn seen(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

const CROWD: usize = 10_000;

#[test]
fn ten_thousand_who_follow_are_each_woken_once() {
    let (flights, wakes) = (Flights::new(), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let leader = lead(&flights, 7);
    let mut crowd: Vec<_> = (0..CROWD).map(|_| follow(&flights, 7)).collect();
    assert!(crowd.iter_mut().all(|follower| poll(follower, &waker).is_pending()));
    assert_eq!((leader.followers(), flights.len()), (CROWD, 1));
    let landing = leader.land("result");
    assert_eq!(wakes.seen(), CROWD);
    for follower in &mut crowd {
        assert!(matches!(poll(follower, &waker), Poll::Ready(Turn::Landed("result"))));
        assert!(poll(follower, &waker).is_pending(), "it has been answered");
    }
    drop(landing);
    assert_eq!((wakes.seen(), flights.len()), (CROWD, 0));
}

#[test]
fn what_nobody_follows_is_over_without_a_result() {
    let flights = Flights::<_, u8>::new();
    let landing = lead(&flights, 7).land_for_followers(|| panic!("nobody wants it"));
    assert!(landing.is_none() && flights.len() == 0);
    let leader = lead(&flights, 7);
    let mut follower = follow(&flights, 7);
    let landing = leader.land_for_followers(|| 1);
    assert!(landing.is_some() && flights.len() == 1);
    assert!(matches!(poll(&mut follower, Waker::noop()), Poll::Ready(Turn::Landed(1))));
    assert!(matches!(flights.join(7), Joined::Landed(1)));
}

#[test]
fn ten_thousand_who_lead_in_turn_and_give_up_wake_one_at_a_time() {
    let (flights, wakes) = (Flights::<_, ()>::new(), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut leader = Some(lead(&flights, 7));
    let mut crowd: Vec<_> = (0..CROWD).map(|_| follow(&flights, 7)).collect();
    assert!(crowd.iter_mut().all(|follower| poll(follower, &waker).is_pending()));
    for (before, follower) in crowd.iter_mut().enumerate() {
        assert_eq!(wakes.seen(), before);
        drop(leader.take());
        let Poll::Ready(Turn::Leads(next)) = poll(follower, &waker) else { panic!("it leads") };
        leader = Some(next);
    }
    drop(leader);
    assert_eq!(flights.len(), 0);
}

#[test]
fn whoever_was_polled_by_another_task_is_woken_there() {
    let flights = Flights::new();
    let leader = lead(&flights, 7);
    let mut follower = follow(&flights, 7);
    let [old, new] = [(); 2].map(|()| Arc::new(Wakes::default()));
    assert!(poll(&mut follower, &Waker::from(Arc::clone(&old))).is_pending());
    assert!(poll(&mut follower, &Waker::from(Arc::clone(&new))).is_pending());
    assert_eq!(Arc::strong_count(&old), 1, "its waker is not kept");
    drop(leader.land(()));
    assert_eq!((old.seen(), new.seen()), (0, 1));
}

#[test]
fn keys_do_not_share_flights() {
    let flights = Flights::new();
    let leaders: Vec<_> = (0..1_000).map(|key| lead(&flights, key)).collect();
    assert_eq!(flights.len(), 1_000);
    for (key, leader) in leaders.into_iter().enumerate() {
        let mut follower = follow(&flights, key as u32);
        let _landing = leader.land(key);
        let answer = poll(&mut follower, Waker::noop());
        assert!(matches!(answer, Poll::Ready(Turn::Landed(value)) if value == key));
    }
    assert_eq!(flights.len(), 0);
}

#[test]
fn all_can_be_spoiled_at_once() {
    let flights = Flights::new();
    let leaders: Vec<_> = (0..100).map(|key| lead(&flights, key)).collect();
    flights.spoil_all();
    assert_eq!(flights.len(), 0);
    assert!(leaders.iter().all(Leader::is_spoiled));
    let fresh = lead(&flights, 7);
    drop(leaders.into_iter().map(|leader| leader.land(())).collect::<Vec<_>>());
    assert!(!fresh.is_spoiled() && flights.len() == 1, "another flight is left alone");
}

/// Panics when it is cloned, as long as it is told to.
#[derive(Debug)]
struct Touchy(Arc<AtomicBool>);

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert!(!self.0.load(Ordering::SeqCst), "not to be cloned");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn a_value_that_panics_when_it_is_cloned_harms_only_who_gets_it() {
    let (flights, touchy) = (Flights::new(), Arc::new(AtomicBool::new(true)));
    let leader = lead(&flights, 7);
    let [mut first, mut second] = [(); 2].map(|()| follow(&flights, 7));
    assert!(poll(&mut second, Waker::noop()).is_pending());
    let landing = leader.land(Touchy(Arc::clone(&touchy)));
    let panicked = |call: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(call)).is_err();
    assert!(panicked(&mut || drop(poll(&mut first, Waker::noop()))));
    assert!(panicked(&mut || drop(flights.join(7))));
    touchy.store(false, Ordering::SeqCst);
    assert!(matches!(poll(&mut second, Waker::noop()), Poll::Ready(Turn::Landed(_))));
    assert!(matches!(flights.join(7), Joined::Landed(_)));
    drop((first, landing));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_panic_while_the_result_is_stored_leaves_the_flight_as_it_was() {
    let flights = Flights::new();
    let landing = lead(&flights, 7).land(());
    let store = AssertUnwindSafe(|| landing.unless_spoiled(|| panic!("the store is broken")));
    assert!(catch_unwind(store).is_err());
    assert!(!landing.is_spoiled());
    flights.spoil(&7);
    assert!(landing.is_spoiled() && landing.unless_spoiled(|| ()).is_none());
}

#[test]
fn a_leader_that_panics_hands_over() {
    let flights = Flights::<_, ()>::new();
    let leader = lead(&flights, 7);
    let mut follower = pin!(follow(&flights, 7));
    let work = AssertUnwindSafe(move || {
        let _leader = leader;
        panic!("the work is broken");
    });
    assert!(catch_unwind(work).is_err());
    let turn = follower.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(turn, Poll::Ready(Turn::Leads(_))));
}

#[test]
fn what_a_leader_leaves_goes_to_the_next_or_is_dropped_if_nobody_follows() {
    let flights = Flights::<u32, (), Arc<()>>::new();
    let join = || flights.join(7);
    let (Joined::Leads(leader), Joined::Follows(heir)) = (join(), join()) else {
        panic!("so it is")
    };
    let Joined::Follows(mut last) = join() else { panic!("it follows") };
    let work = Arc::new(());
    leader.pass(Arc::clone(&work));
    drop(heir);
    let turn = Pin::new(&mut last).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Turn::Leads(leader)) = turn else { panic!("it leads") };
    let mine = leader.take_over().unwrap();
    assert!(Arc::ptr_eq(&mine, &work) && leader.take_over().is_none());
    leader.pass(mine);
    assert_eq!((Arc::strong_count(&work), flights.len()), (1, 0));
}
