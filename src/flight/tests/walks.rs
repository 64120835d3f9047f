use proptest::prelude::*;

use super::world::{Step, World};

/// Takes every way of so many steps with so many followers at most; how many ways there are.
fn explore(way: &mut Vec<Step>, steps: usize, members: usize) -> usize {
    let mut world = World::new();
    way.iter().for_each(|step| world.take(*step));
    let full = world.members() == members;
    let next: Vec<_> = match steps {
        0 => Vec::new(),
        _ => {
            world.steps().into_iter().filter(|step| !(full && matches!(step, Step::Join))).collect()
        }
    };
    world.wind_up();
    let ways = next.into_iter().map(|step| {
        way.push(step);
        let ways = explore(way, steps - 1, members);
        way.pop();
        ways
    });
    ways.sum::<usize>().max(1)
}

#[test]
fn whoever_is_dropped_in_whatever_order_nobody_hangs_and_one_leads() {
    // A leader and three who wait; from there on, all that can happen.
    for polled in 0..8 {
        let mut way = vec![Step::Join; 4];
        way.extend((0..3).filter(|member| polled & (1 << member) != 0).map(Step::Poll));
        assert!(explore(&mut way, 4, 3) > 500);
    }
}

#[test]
fn from_the_start_every_way_is_as_expected() {
    assert!(explore(&mut Vec::new(), 6, 3) > 1_000);
}

proptest! {
    #[test]
    fn long_walks_are_as_expected(choices in prop::collection::vec(any::<prop::sample::Index>(), 1..200)) {
        let mut world = World::new();
        for choice in choices {
            let steps = world.steps();
            world.take(*choice.get(&steps));
        }
        world.wind_up();
    }
}
