//! Limits and cached responses over Redis, beside what a client of Redis is asked for directly.

mod checks;
mod contestant;
mod exact;
mod outage;
mod purges;
mod responses;
#[path = "../../../../../tests/support/redis.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests ask for more")]
mod server;

use tower_weir_peers::Trial;

fn main() -> std::process::ExitCode {
    let trial = Trial {
        name: "redis",
        about: "one run, over loopback; those of one section take turns",
        sections: |quick| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let runtime = runtime.expect("threads can be started");
            runtime.block_on(async {
                let mut sections = checks::sections(quick).await;
                sections.push(exact::section().await);
                sections.push(responses::section(quick).await);
                sections.push(purges::section(quick).await);
                sections.push(outage::section(quick).await);
                sections
            })
        },
    };
    trial.main()
}
