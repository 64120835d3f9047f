use std::{fs, time::Duration};

use tokio::time::sleep;
use tower_weir::Weir;

use super::world::{Ask, File, builder, counting, get};

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Weir::from_toml("/nowhere/weir.toml").unwrap_err().to_string();
    assert!(error.contains("/nowhere/weir.toml"), "{error}");
    let file = File::new("");
    fs::write(&file.0, b"\xff\xfe").unwrap();
    let error = builder().0.file(&file.0).build().unwrap_err().to_string();
    assert!(error.contains("UTF-8"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_followed_and_the_environment_stays_above_it() {
    let file = File::new("[defaults]\nrate_limit = { policies = ['1/hour'] }\n");
    let variables = [("WEIR_DEFAULTS__RATE_LIMIT__HEADERS", "legacy")];
    let weir = builder().0.file(&file.0).environment(variables).build().unwrap();
    let service = counting(&weir);
    assert_eq!((service.status(get("/")).await, service.status(get("/")).await), (200, 429));
    file.write("[defaults]\nrate_limit = { policies = ['2/hour'] }\n");
    sleep(Duration::from_millis(800)).await;
    assert_eq!((service.status(get("/")).await, service.status(get("/")).await), (200, 429));
    assert_eq!(weir.handle().generation(), 2);
    assert!(weir.handle().overview().to_string().contains("2/hour"));
}

#[tokio::test]
async fn a_text_that_the_program_gave_stays_as_it_is() {
    let weir = super::world::weir("[defaults]\nprofile = true\n");
    let reloaded = weir.handle().reload().unwrap();
    assert_eq!((reloaded.changes().len(), reloaded.generation()), (0, 1));
}

#[tokio::test]
async fn what_has_to_wait_for_the_next_start_is_told() {
    let file = File::new("[defaults]\ncache = { ttl = '1h' }\n");
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = counting(&weir);
    assert_eq!(service.ask(get("/")).await.1, "0");
    file.write("[defaults]\ncache = { ttl = '2h' }\n[stores]\ncache = '1MiB'\n");
    let reloaded = weir.handle().reload().unwrap();
    assert_eq!(reloaded.at_next_start(), ["`cache` of `[stores]`"]);
    assert_eq!(reloaded.changes(), ["`stores`", "`cache` of the defaults"]);
    assert_eq!(service.ask(get("/")).await.1, "0", "what was stored is still there");
}
