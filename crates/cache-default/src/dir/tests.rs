//! The rules of the platforms that the tests do not run on.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Platform, user_cache_dir};

fn on(platform: Platform, variables: &[(&str, &str)]) -> Result<PathBuf, String> {
    let env = |name: &str| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
    };
    user_cache_dir(platform, &env).map_err(|error| error.to_string())
}

#[test]
fn on_macos_it_is_in_the_library() {
    assert_eq!(
        on(Platform::Apple, &[("HOME", "/Users/u"), ("XDG_CACHE_HOME", "/x")]),
        Ok("/Users/u/Library/Caches".into())
    );
    assert_eq!(on(Platform::Apple, &[]), Err("$HOME is not defined".into()));
}

#[test]
fn on_windows_it_is_the_local_app_data() {
    let local = r"C:\Users\u\AppData\Local";
    assert_eq!(on(Platform::Windows, &[("LocalAppData", local)]), Ok(local.into()));
    assert_eq!(
        on(Platform::Windows, &[("HOME", "/home/u")]),
        Err("%LocalAppData% is not defined".into())
    );
}

#[test]
fn elsewhere_it_is_as_the_xdg_specification_says() {
    let both = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/x")];
    assert_eq!(on(Platform::Unix, &both), Ok("/x".into()));
    assert_eq!(on(Platform::Unix, &both[..1]), Ok("/home/u/.cache".into()));
}
