use std::{fs, path::PathBuf};

use tower_weir::stack::Weir;

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn errors_name_the_file() {
    let path = file("config_errors.toml", b"[defaults]\ncach = true\n");
    let errors = Weir::from_toml(&path).unwrap_err().to_string();
    assert!(errors.contains(&format!("--> {}:2:1", path.display())), "{errors}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let errors = Weir::from_toml("no/such/weir.toml").unwrap_err().to_string();
    assert!(errors.starts_with("error: cannot read `no/such/weir.toml`"), "{errors}");
}

#[test]
fn a_file_that_is_not_text_is_an_error() {
    let path = file("config_errors_latin1.toml", b"# \xe4\n");
    let errors = Weir::from_toml(&path).unwrap_err().to_string();
    assert!(errors.contains("is not UTF-8"), "{errors}");
}

#[test]
fn a_byte_order_mark_and_windows_newlines_are_no_errors() {
    let text = "\u{feff}[[route]]\r\npath = \"/a\"\r\nprofile = true\r\n";
    let path = file("config_errors_windows.toml", text.as_bytes());
    assert!(Weir::builder().file(path).check().unwrap().warnings().is_empty());
}
