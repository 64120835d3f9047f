//! What one purges is gone everywhere.

use http::Uri;
use tower_weir::cache::{Handle, Pattern};

use crate::{
    instance::Instance,
    server::RedisServer,
    stored::{records, until_records},
};

type Purge = fn(&Handle);

#[tokio::test]
async fn every_kind_of_purge_crosses_to_memory_and_server() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    let purges: [(&str, Purge); 5] = [
        ("uri", |cache| cache.purge(&Uri::from_static("/posts/1"))),
        ("tag", |cache| cache.purge_tag("posts")),
        ("prefix", |cache| cache.purge_prefix("/posts/")),
        ("pattern", |cache| cache.purge_matching("/po*/1".parse::<Pattern>().unwrap())),
        ("all", Handle::purge_all),
    ];
    for (kind, purge) in purges {
        let before = records(&server);
        one.get("/posts/1").await;
        if kind == "uri" {
            until_records(&server, before + 1).await;
        }
        let three = Instance::at(&server.url());
        three.shares_with(&one).await;
        three.until("/posts/1", |answer| answer.is_local()).await;
        let calls = three.calls();
        purge(&one.cache);
        three.until("/posts/1", |answer| answer.is_of_service()).await;
        assert_eq!(three.calls(), calls + 1, "{kind}");
    }
}
