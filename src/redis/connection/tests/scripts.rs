use super::{
    super::{Script, Use},
    server::RedisServer,
    world::{open, until_it_answers},
};

const ADD: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

#[tokio::test]
async fn a_script_is_sent_whenever_the_server_has_forgotten_it() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    until_it_answers(&redis).await;
    let (script, keys) = (Script::new(ADD), ["{weir}:sum".to_owned()]);
    for round in 1..=20 {
        let sum: u64 = redis.run(Use::Limit, &script, &keys, &[b"2".to_vec()]).await.unwrap();
        assert_eq!(sum, 2 * round);
        if round % 3 == 0 {
            assert_eq!(server.ask("SCRIPT FLUSH"), "+OK\r\n");
        }
    }
    assert_eq!((server.calls("eval"), server.calls("evalsha")), (7, 20));
}

#[tokio::test]
async fn each_call_counts_once_while_scripts_are_flushed() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    until_it_answers(&redis).await;
    let script = std::sync::Arc::new(Script::new(ADD));
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let (redis, script) = (redis.clone(), script.clone());
            if number % 10 == 0 {
                server.ask("SCRIPT FLUSH");
            }
            tokio::spawn(async move {
                let keys = ["{weir}:sum".to_owned()];
                redis.run::<u64>(Use::Limit, &script, &keys, &[b"1".to_vec()]).await.unwrap()
            })
        })
        .collect();
    let mut sums = Vec::new();
    for call in calls {
        sums.push(call.await.unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=200).collect::<Vec<u64>>());
}
