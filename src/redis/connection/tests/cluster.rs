use super::{
    super::{Redis, Script, Status, Use},
    server::RedisCluster,
    world::{PATIENCE, set, until, until_it_is},
};

const ADD: &str = "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[2])";

fn open(cluster: &RedisCluster) -> Redis {
    Redis::cluster(cluster.urls()).unwrap().timeout(PATIENCE).unwrap()
}

/// A key for each node.
fn keys(cluster: &RedisCluster) -> [String; 3] {
    [0, 1, 2].map(|node| {
        let mut keys = (0..).map(|number| format!("{{weir:rl:{number}}}:a"));
        keys.find(|key| cluster.node_of(key) == node).unwrap()
    })
}

#[tokio::test]
async fn keys_of_one_tag_are_in_one_script_and_each_node_learns_it_for_itself() {
    let cluster = RedisCluster::start();
    let redis = open(&cluster);
    let script = Script::new(ADD);
    for round in 1..=3 {
        for key in keys(&cluster) {
            let keys = [key.clone(), format!("{key}:b")];
            let sum: u64 = redis.run(Use::Limit, &script, &keys, &[]).await.unwrap();
            assert_eq!(sum, round);
        }
    }
    for node in &cluster.nodes {
        assert_eq!((node.calls("eval"), node.calls("evalsha")), (1, 3));
    }
}

#[tokio::test]
async fn a_node_that_is_gone_fails_its_own_calls_and_no_others() {
    let mut cluster = RedisCluster::start();
    let redis = open(&cluster);
    let keys = keys(&cluster);
    until_it_is_served(&redis, &keys[0]).await;
    cluster.nodes[1].kill();
    let script = Script::new(ADD);
    for _ in 0..3 {
        assert!(set(&redis, &keys[1]).await.is_err());
        for key in [&keys[0], &keys[2]] {
            let keys = [format!("{key}:b"), format!("{key}:c")];
            redis.run::<u64>(Use::Limit, &script, &keys, &[]).await.unwrap();
        }
    }
    assert_eq!(redis.status(), Status::Up);
    cluster.nodes[1].restart();
    until_it_is_served(&redis, &keys[1]).await;
}

#[tokio::test]
async fn a_cluster_that_is_gone_is_left_alone_and_found_again() {
    let mut cluster = RedisCluster::start();
    let redis = open(&cluster);
    let keys = keys(&cluster);
    until_it_is_served(&redis, &keys[0]).await;
    cluster.nodes.iter_mut().for_each(|node| node.kill());
    until(async || set(&redis, &keys[0]).await.is_err() && redis.status() == Status::Down).await;
    cluster.nodes.iter_mut().for_each(|node| node.restart());
    until_it_is(&redis, Status::Up).await;
    until_it_is_served(&redis, &keys[2]).await;
}

async fn until_it_is_served(redis: &Redis, key: &str) {
    until(async || set(redis, key).await.is_ok()).await;
}
