use super::{
    server::RedisServer,
    world::{open, until, until_it_answers},
};

#[tokio::test]
async fn processes_that_want_to_know_are_counted_until_they_are_gone() {
    let server = RedisServer::start();
    let [one, other] = ["one", "other"].map(|name| open(&server.url()).for_process(name));
    let uninterested = open(&server.url());
    for redis in [&one, &other, &uninterested] {
        assert_eq!(redis.processes(), None);
    }
    for redis in [&one, &other] {
        redis.count_processes();
        until_it_answers(redis).await;
    }
    until_it_answers(&uninterested).await;
    let known = |redis: &super::super::Redis| redis.processes().map_or(0, |count| count.get());
    until(async || known(&one) == 2 && known(&other) == 2).await;
    assert_eq!(known(&uninterested), 0);
    drop(other);
    until(async || known(&one) == 1).await;
}

#[tokio::test]
async fn connections_of_one_process_are_one_process() {
    let server = RedisServer::start();
    let connections = [open(&server.url()), open(&server.url())];
    for redis in &connections {
        redis.count_processes();
        until_it_answers(redis).await;
        until(async || redis.processes().is_some()).await;
        assert_eq!(redis.processes().unwrap().get(), 1);
    }
    assert_eq!(server.ask("ZCARD {weir:processes}"), ":1\r\n");
}
