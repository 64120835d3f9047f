//! Whatever comes, leaves, fails and panics in whichever order: everyone who stays gets the answer to what they asked for.

use proptest::{collection::vec, option, prelude::*};
use tokio::runtime::Builder;

use crate::world::{Outcome, World};

#[derive(Clone, Debug)]
enum Step {
    Arrive {
        partition: u8,
        same: Option<u8>,
        weight: u64,
    },
    Leave(usize),
    /// All tasks go on until they wait for something.
    Settle,
    Advance(u64),
    End(usize, Outcome),
    Flush,
    Busy,
    Ready,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arrive = (0..4_u8, option::of(0..3_u8), 0..8_u64)
        .prop_map(|(partition, same, weight)| Step::Arrive { partition, same, weight });
    let outcome = prop_oneof![
        4 => Just(Outcome::Answers),
        1 => Just(Outcome::SomeFail),
        1 => Just(Outcome::Fails),
        1 => Just(Outcome::Panics),
        1 => (-2_isize..3).prop_map(Outcome::Miscounts),
    ];
    let end = (any::<usize>(), outcome).prop_map(|(call, outcome)| Step::End(call, outcome));
    let step = prop_oneof![
        12 => arrive,
        3 => any::<usize>().prop_map(Step::Leave),
        6 => Just(Step::Settle),
        4 => (0..8_u64).prop_map(Step::Advance),
        6 => end,
        1 => Just(Step::Flush),
        1 => Just(Step::Busy),
        2 => Just(Step::Ready),
    ];
    vec(step, 0..150)
}

async fn walk(steps: Vec<Step>) {
    let mut world = World::new();
    for step in steps {
        match step {
            Step::Arrive { partition, same, weight } => world.arrive(partition, same, weight),
            Step::Leave(who) => world.leave(who),
            Step::Settle => world.settle().await,
            Step::Advance(millis) => world.advance(millis).await,
            Step::End(call, outcome) => world.end(call, outcome).await,
            Step::Flush => world.flush(),
            Step::Busy => world.ready(false),
            Step::Ready => world.ready(true),
        }
        world.check();
    }
    world.finish().await;
}

proptest! {
    #[test]
    fn everyone_who_stays_gets_the_answer_to_what_they_asked_for(steps in steps()) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(walk(steps));
    }
}
