//! What a limit has to cope with.

use super::{
    chance::Spread,
    scenario::Scenario,
    steps::{MS, SECOND, Steps},
};

/// All of them, for a service that works on so many requests at once.
pub(crate) fn all(workers: usize) -> Vec<Scenario> {
    let scenario =
        |name, about, load: &[(u64, f64)]| Scenario::new(name, about, workers, Steps::new(load));
    let step = |name, about, to| scenario(name, about, &[(0, 0.7), (10_000, to), (20_000, 0.7)]);
    let bursts: Vec<_> =
        (0..15).flat_map(|nth| [(2_000 * nth, 0.3), (2_000 * nth + 1_000, 3.0)]).collect();
    vec![
        scenario("steady 0.7", "seven tenths of what can be done", &[(0, 0.7)]),
        scenario("steady 2", "twice what can be done, for a minute", &[(0, 2.0)])
            .lasting(if workers > 200 { 30 * SECOND } else { 60 * SECOND }),
        step("step 2", "0.7, twice what can be done from 10 s to 20 s", 2.0),
        step("step 5", "0.7, five times what can be done from 10 s to 20 s", 5.0),
        step("step 10", "0.7, ten times what can be done from 10 s to 20 s", 10.0),
        scenario("on/off 3", "0.3 and 3 times what can be done, a second each", &bursts),
        scenario(
            "flash crowd",
            "0.2, six times what can be done from 10 s, and falling to 0.7 at 22 s",
            &[(0, 0.2), (10_000, 6.0), (13_000, 4.0), (16_000, 2.5), (19_000, 1.2), (22_000, 0.7)],
        ),
        Scenario {
            retries: 3,
            patience: Some(500 * MS),
            ..scenario(
                "retry storm",
                "0.8, thrice what can be done from 10 s to 13 s; clients wait 0.5 s and ask up to 3 times more",
                &[(0, 0.8), (10_000, 3.0), (13_000, 0.8)],
            )
        },
        Scenario {
            counts_from: 0,
            length: 15 * SECOND,
            ..scenario("cold start", "twice what can be done from the first moment", &[(0, 2.0)])
        },
        Scenario {
            tenants: 100,
            ..step("noisy tenant", "99 of 100 ask for 0.7, one for 3 from 10 s to 20 s", 3.7)
        },
        Scenario {
            patience: Some(200 * MS),
            ..scenario(
                "abandoning",
                "twice what can be done; clients leave after 0.2 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            pause: Some((15 * SECOND, 300 * MS)),
            ..scenario("pause", "0.7; nothing is done for 0.3 s at 15 s", &[(0, 0.7)])
        },
        Scenario {
            pause: Some((15 * SECOND, 300 * MS)),
            ..scenario(
                "pause at 2",
                "twice what can be done; nothing is done for 0.3 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            rate: Some(3.0),
            length: 120 * SECOND,
            ..scenario("3 a second", "three requests a second", &[(0, 1.0)])
        },
        Scenario {
            body: 90 * MS,
            ..scenario("slow bodies", "twice what can be done; bodies take 90 ms more", &[(0, 2.0)])
        },
        Scenario {
            capacity: Steps::new(&[(0, 1.0), (12_000, 0.5), (22_000, 1.0)]),
            ..scenario(
                "halving",
                "twice what can be done; half of it from 12 s to 22 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            capacity: Steps::new(&[(0, 1.0), (12_000, 0.5), (22_000, 1.0)]),
            ..scenario(
                "halving at 0.7",
                "0.7 of what can be done; half of that from 12 s to 22 s",
                &[(0, 0.7)],
            )
        },
        Scenario {
            latency: Steps::new(&[(0, 1.0), (12_000, 3.0)]),
            ..scenario(
                "latency 3",
                "twice what can be done; requests take 3 times as long, as many at once, from 12 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            latency: Steps::new(&[(0, 1.0), (12_000, 3.0), (20_000, 1.0)]),
            ..scenario(
                "latency 3 at 0.7",
                "0.7 of what can be done; requests take 3 times as long from 12 s to 20 s",
                &[(0, 0.7)],
            )
        },
        Scenario {
            collapse: 0.2,
            ..scenario(
                "collapse",
                "twice what can be done, and less the more are let in",
                &[(0, 2.0)],
            )
        },
        Scenario {
            spread: Spread::Bimodal,
            ..scenario(
                "bimodal",
                "twice what can be done; one in ten takes 11 times as long",
                &[(0, 2.0)],
            )
        },
        Scenario {
            endless: true,
            ..scenario(
                "pure delay",
                "nothing waits; 0.7, and 3.5 from 10 s to 20 s",
                &[(0, 0.7), (10_000, 3.5), (20_000, 0.7)],
            )
        },
    ]
}

/// Some that are less common, and harder.
pub(crate) fn others(workers: usize) -> Vec<Scenario> {
    let scenario =
        |name, about, load: &[(u64, f64)]| Scenario::new(name, about, workers, Steps::new(load));
    vec![
        scenario("steady 1.2", "a fifth more than can be done", &[(0, 1.2)]),
        scenario("steady 0.9", "nine tenths of what can be done", &[(0, 0.9)]),
        Scenario {
            spread: Spread::LogNormal,
            ..scenario(
                "heavy tail",
                "thrice what can be done; a few requests take very long",
                &[(0, 3.0)],
            )
        },
        Scenario {
            spread: Spread::Cached,
            ..scenario("cached", "twice what can be done; half of it from a cache", &[(0, 2.0)])
        },
        Scenario {
            room: Some(2 * workers),
            ..scenario(
                "room",
                "thrice what can be done; two a worker may wait, others are answered 503",
                &[(0, 3.0)],
            )
        },
        Scenario {
            latency: Steps::new(&[(0, 1.0), (12_000, 2.0), (20_000, 0.5)]),
            ..scenario(
                "latency 2, 0.5",
                "1.5 times what can be done; requests take twice as long from 12 s, half as long from 20 s",
                &[(0, 1.5)],
            )
        },
        Scenario {
            capacity: Steps::new(&[
                (0, 1.0),
                (12_000, 0.3),
                (14_000, 1.0),
                (18_000, 0.3),
                (20_000, 1.0),
            ]),
            ..scenario(
                "capacity flaps",
                "1.5 times what can be done; 0.3 of it from 12 s to 14 s and 18 s to 20 s",
                &[(0, 1.5)],
            )
        },
    ]
}

/// Some that no limit was tuned on.
pub(crate) fn unseen(workers: usize) -> Vec<Scenario> {
    let scenario =
        |name, about, load: &[(u64, f64)]| Scenario::new(name, about, workers, Steps::new(load));
    let ramp: Vec<_> = (0..20).map(|nth| (1_500 * nth, 0.4 + 0.2 * nth as f64)).collect();
    let creep: Vec<_> =
        (0..10).map(|nth| (8_000 + 2_000 * nth, 1.0 + 0.2 * (nth + 1) as f64)).collect();
    let creep: Vec<_> = [(0, 1.0)].into_iter().chain(creep).collect();
    vec![
        scenario("ramp", "from 0.4 to 4.2 times what can be done", &ramp),
        Scenario {
            latency: Steps::new(&creep),
            ..scenario(
                "creep",
                "twice what can be done; requests take a little longer every 2 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            capacity: Steps::new(&[(0, 1.0), (12_000, 0.5), (22_000, 1.0)]),
            spread: Spread::Bimodal,
            ..scenario(
                "halving, bimodal",
                "twice what can be done, in two kinds; half of it from 12 s to 22 s",
                &[(0, 2.0)],
            )
        },
        Scenario {
            retries: 3,
            collapse: 0.2,
            patience: Some(500 * MS),
            ..scenario(
                "storm, collapse",
                "as the retry storm, and less is done the more are let in",
                &[(0, 0.8), (10_000, 3.0), (13_000, 0.8)],
            )
        },
        Scenario {
            counts_from: 0,
            ..scenario(
                "flood first",
                "eight times what can be done for 8 s, then 0.6",
                &[(0, 8.0), (8_000, 0.6)],
            )
        },
        Scenario {
            latency: Steps::new(&[(0, 1.0), (10_000, 4.0), (18_000, 1.0)]),
            spread: Spread::LogNormal,
            ..scenario(
                "latency 4, heavy tail",
                "0.8 of what can be done, a few take very long; all four times as long from 10 s to 18 s",
                &[(0, 0.8)],
            )
        },
    ]
}

/// The one of this name.
#[allow(dead_code, reason = "the bench takes all")]
pub(crate) fn find(name: &str, workers: usize) -> Scenario {
    let mut scenarios = all(workers).into_iter().chain(others(workers)).chain(unseen(workers));
    scenarios.find(|scenario| scenario.name == name).expect("there is such a scenario")
}
