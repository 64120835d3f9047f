//! The script comes to what the arithmetic says, and leaves no trace where it should not.

use std::{cell::Cell, time::Duration};

use proptest::{collection::vec, prelude::*};
use tower_weir::{
    key::SharedKey,
    rate_limit::{
        Gcra, Quota,
        shared::{Action, Ask, Outcome, SharedStore, Standing, Terms},
    },
    redis::RedisStore,
};

use crate::{patient, server::RedisServer};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// From 104 days on, numbers of the script are not exact to the nanosecond.
const ROUNDED: u64 = 1_000;

/// What a test takes at most: by so much the server's clock may have gone on.
const SLACK: u64 = 600 * SECOND;

fn action() -> impl Strategy<Value = Action> {
    let cells = || prop_oneof![0..5_u32, 0..60_u32];
    prop_oneof![
        4 => cells().prop_map(|cells| Action::Check { cells }),
        1 => cells().prop_map(|cells| Action::Peek { cells }),
        1 => cells().prop_map(|cells| Action::Charge { cells }),
        1 => cells().prop_map(|cells| Action::Refund { cells }),
        2 => (1..5_u32, 1..60_u32).prop_map(|(least, more)| Action::Lease { least, most: least + more }),
    ]
}

/// One cell in an hour at least, so that none comes back during the test; up to years.
fn terms() -> impl Strategy<Value = Vec<Terms>> {
    let quota = (1..50_u32, prop_oneof![DAY..30 * DAY, DAY..3_000 * DAY]);
    let quotas = vec(quota, 1..4);
    quotas.prop_map(|quotas| {
        let quotas = quotas.into_iter().enumerate().map(|(at, (burst, interval))| {
            let quota = Quota::every(Duration::from_nanos(interval / 24)).burst(burst);
            Terms::new(format!("policy {at}"), Gcra::new(quota))
        });
        quotas.collect()
    })
}

/// Whether what the script says is what the arithmetic says of the debts before, less what time has paid meanwhile.
fn agrees(told: &Outcome, expected: &Outcome) -> bool {
    let near = |told: u64, expected: u64| {
        told <= expected.saturating_add(ROUNDED) && told.saturating_add(SLACK) >= expected
    };
    let all = told.standings.iter().zip(&expected.standings);
    told.granted == expected.granted
        && told.standings.len() == expected.standings.len()
        && all.clone().all(|(told, expected)| (told.retry > 0) == (expected.retry > 0))
        && all.clone().all(|(told, expected)| {
            near(told.retry, expected.retry) && near(told.reset, expected.reset)
        })
}

#[test]
fn the_script_comes_to_what_the_arithmetic_says() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = RedisStore::new(&patient(&server));
    let number = Cell::new(0_u32);
    proptest!(ProptestConfig::with_cases(48), |(terms in terms(), actions in vec(action(), 1..30))| {
        number.set(number.get() + 1);
        let mut debts = vec![0; terms.len()];
        for action in actions {
            let ask = Ask::new(SharedKey::of(&number.get()), terms.clone(), action);
            let told = runtime.block_on(store.ask(ask)).unwrap();
            let expected = action.outcome(&terms, &debts);
            // What is rounded may just be what a cell lacks.
            let less = debts.iter().map(|debt| debt.saturating_sub(ROUNDED)).collect();
            let more = debts.iter().map(|debt| debt + ROUNDED).collect();
            let near: [Vec<u64>; 2] = [less, more];
            let agree = agrees(&told, &expected)
                || near.iter().any(|debts| agrees(&told, &action.outcome(&terms, debts)));
            prop_assert!(agree, "{:?} {:?}: {:?} and not {:?}", action, debts, told, expected);
            debts = told.standings.iter().map(|standing| standing.reset).collect();
        }
    });
}

fn hourly(burst: u32) -> Terms {
    Terms::new("hour", Gcra::new(Quota::every(Duration::from_secs(3_600)).burst(burst)))
}

async fn ask(store: &RedisStore, terms: &Terms, action: Action) -> Outcome {
    store.ask(Ask::new(SharedKey::of("k"), [terms.clone()], action)).await.unwrap()
}

fn name() -> String {
    format!("{{weir:rl:{}}}:hour", SharedKey::of("k"))
}

/// The bulk of an answer in the inline form.
fn value(server: &RedisServer) -> Option<String> {
    let answer = server.ask(&format!("GET {}", name()));
    answer.strip_prefix('$')?.lines().nth(1).map(str::to_owned)
}

fn number(server: &RedisServer, command: &str) -> i64 {
    let answer = server.ask(&format!("{command} {}", name()));
    answer.trim_start_matches(':').trim().parse().unwrap()
}

#[tokio::test]
async fn a_denial_a_question_and_what_costs_nothing_write_nothing() {
    let server = RedisServer::start();
    let store = RedisStore::new(&patient(&server));
    let terms = hourly(2);
    let nothing = ask(&store, &terms, Action::Check { cells: 0 }).await;
    assert_eq!((nothing.granted, &*nothing.standings), (0, &[Standing::default()][..]));
    assert_eq!(value(&server), None);
    assert_eq!(ask(&store, &terms, Action::Check { cells: 2 }).await.granted, 2);
    let (before, expiry) = (value(&server), number(&server, "PEXPIRETIME"));
    let [check, peek, lease] = [
        Action::Check { cells: 1 },
        Action::Peek { cells: 1 },
        Action::Lease { least: 1, most: 9 },
    ];
    for action in [check, peek, lease] {
        let denied = ask(&store, &terms, action).await;
        assert_eq!(denied.granted, 0);
        assert!(denied.standings[0].retry > 3_000 * SECOND);
    }
    assert_eq!((value(&server), number(&server, "PEXPIRETIME")), (before, expiry));
    let stats = server.ask("INFO commandstats");
    assert!(stats.contains("cmdstat_set:calls=1,"), "{stats}");
}

#[tokio::test]
async fn a_value_expires_in_the_millisecond_in_which_nothing_is_owed_any_more() {
    let server = RedisServer::start();
    let store = RedisStore::new(&patient(&server));
    for action in [
        Action::Check { cells: 2 },
        Action::Charge { cells: 5 },
        Action::Refund { cells: 3 },
        Action::Lease { least: 1, most: 9 },
        // Years.
        Action::Charge { cells: 200_000 },
    ] {
        assert!(ask(&store, &hourly(20), action).await.granted > 0);
        let tat: u64 = value(&server).unwrap().parse().unwrap();
        let expires = number(&server, "PEXPIRETIME") as u64;
        // Redis reads its milliseconds a moment before or after the script asks for the time.
        assert!(expires.abs_diff(tat.div_ceil(1_000_000)) <= 1, "{action:?}: {expires} {tat}");
    }
    ask(&store, &hourly(20), Action::Refund { cells: u32::MAX }).await;
    assert_eq!(value(&server), None);
}

#[tokio::test]
async fn what_was_paid_off_is_not_taken_back() {
    let server = RedisServer::start();
    let store = RedisStore::new(&patient(&server));
    let mut terms = hourly(10);
    ask(&store, &terms, Action::Check { cells: 5 }).await;
    terms.paid = 3_600 * SECOND;
    let left = ask(&store, &terms, Action::Refund { cells: 2 }).await.standings[0].reset;
    assert!(left <= 4 * 3_600 * SECOND && left + SLACK > 4 * 3_600 * SECOND, "{left}");
}

#[tokio::test]
async fn a_value_that_is_not_a_debt_counts_as_none() {
    let server = RedisServer::start();
    let store = RedisStore::new(&patient(&server));
    for foreign in [
        "nonsense",
        "0",
        "-5",
        "nan",
        "nannannannan",
        "infinity",
        "inf123456789",
        "1e400",
        "99999999999999999999999",
        "1795631110",
        "0x7fffffffffffffff",
        "''",
    ] {
        server.ask(&format!("SET {} {foreign}", name()));
        assert_eq!(
            ask(&store, &hourly(2), Action::Check { cells: 2 }).await.granted,
            2,
            "{foreign}"
        );
        assert_eq!(
            ask(&store, &hourly(2), Action::Check { cells: 1 }).await.granted,
            0,
            "{foreign}"
        );
    }
    server.ask(&format!("DEL {}", name()));
    server.ask(&format!("HSET {} a b", name()));
    assert_eq!(ask(&store, &hourly(2), Action::Peek { cells: 2 }).await.granted, 2);
    assert_eq!(ask(&store, &hourly(2), Action::Check { cells: 2 }).await.granted, 2);
    assert_eq!(ask(&store, &hourly(2), Action::Check { cells: 1 }).await.granted, 0);
}
