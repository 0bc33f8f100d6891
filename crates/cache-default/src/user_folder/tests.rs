//! The rules of the platforms that the tests do not run on.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Platform, UserFolder};

/// The cache folder and the config folder.
fn on(platform: Platform, variables: &[(&str, &str)]) -> [Result<PathBuf, String>; 2] {
    let env = |name: &str| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
    };
    [UserFolder::Cache, UserFolder::Config]
        .map(|folder| folder.find(platform, &env).map_err(|error| error.to_string()))
}

#[test]
fn on_macos_they_are_in_the_library() {
    let variables = [("HOME", "/Users/u"), ("XDG_CACHE_HOME", "/x"), ("XDG_CONFIG_HOME", "/x")];
    assert_eq!(
        on(Platform::Apple, &variables),
        [Ok("/Users/u/Library/Caches".into()), Ok("/Users/u/Library/Application Support".into()),]
    );
    assert_eq!(on(Platform::Apple, &[]), [(); 2].map(|()| Err("$HOME is not defined".into())));
}

#[test]
fn on_windows_they_are_the_app_data() {
    let (local, roaming) = (r"C:\Users\u\AppData\Local", r"C:\Users\u\AppData\Roaming");
    assert_eq!(
        on(Platform::Windows, &[("LocalAppData", local), ("AppData", roaming)]),
        [Ok(local.into()), Ok(roaming.into())]
    );
    assert_eq!(
        on(Platform::Windows, &[("HOME", "/home/u")]),
        [Err("%LocalAppData% is not defined".into()), Err("%AppData% is not defined".into())]
    );
}

#[test]
fn elsewhere_they_are_as_the_xdg_specification_says() {
    let all = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/x"), ("XDG_CONFIG_HOME", "/y")];
    assert_eq!(on(Platform::Unix, &all), [Ok("/x".into()), Ok("/y".into())]);
    assert_eq!(
        on(Platform::Unix, &all[..1]),
        [Ok("/home/u/.cache".into()), Ok("/home/u/.config".into())]
    );
    assert_eq!(
        on(Platform::Unix, &[("XDG_CACHE_HOME", ""), ("XDG_CONFIG_HOME", "y")]),
        [
            Err("neither $XDG_CACHE_HOME nor $HOME are defined".into()),
            Err("path in $XDG_CONFIG_HOME is relative".into()),
        ]
    );
}
