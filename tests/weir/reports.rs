//! What a recorder and a log are told of reloads.

#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/warnings.rs"]
mod warnings;

use recorded::recorded;
use warnings::warnings;

use super::world::{File, builder};

const GOOD: &str = "[defaults]\nprofile = true\n";

#[test]
fn every_reload_is_counted() {
    let metrics = recorded(|| {
        let file = File::new("");
        let weir = builder().0.file(&file.0).build().unwrap();
        for text in [GOOD, GOOD, "[defaults]\nprofil = true\n"] {
            file.write(text);
            let _ = weir.handle().reload();
        }
    });
    assert_eq!(metrics["weir_config_reloads_total{outcome=applied}"], 1.0);
    assert_eq!(metrics["weir_config_reloads_total{outcome=unchanged}"], 1.0);
    assert_eq!(metrics["weir_config_reloads_total{outcome=rejected}"], 1.0);
    assert_eq!(metrics["weir_config_healthy{}"], 0.0);
    assert_eq!(metrics["weir_config_generation{}"], 2.0);
}

#[test]
fn a_file_is_healthy_again_when_it_is_right_again() {
    let metrics = recorded(|| {
        let file = File::new(GOOD);
        let weir = builder().0.file(&file.0).build().unwrap();
        for text in ["nonsense", GOOD] {
            file.write(text);
            let _ = weir.handle().reload();
        }
    });
    assert_eq!(metrics["weir_config_healthy{}"], 1.0);
    assert_eq!(metrics["weir_config_generation{}"], 1.0);
}

#[test]
fn a_rejected_file_says_in_the_log_what_is_wrong() {
    let file = File::new(GOOD);
    let logged = warnings(|| {
        let weir = builder().0.file(&file.0).build().unwrap();
        file.write("[defaults]\nprofil = true\n");
        assert!(weir.handle().reload().is_err());
    });
    assert_eq!(logged.len(), 1, "{logged:#?}");
    assert!(logged[0].contains("profil"), "{logged:#?}");
}
