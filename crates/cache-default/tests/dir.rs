//! The cache is where the go command's rules put it.

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use cache_default::{
    DirError, Directory, Flags, Names, NoUserFolder, Origin, Setting, Settings, SettingsError,
    create, process_env,
};
use support::Home;

fn directory(names: &Names, variables: &[(&str, &str)]) -> Result<Setting<Directory>, String> {
    let env = |name: &str| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
    };
    let settings = Settings::resolve(names, Flags::default(), &env).map_err(|e| e.to_string())?;
    settings.required_dir().map_err(|e| e.to_string())?;
    Ok(settings.dir)
}

fn at(dir: impl Into<PathBuf>, origin: Origin) -> Result<Setting<Directory>, String> {
    Ok(Setting { value: Directory::At(dir.into()), origin })
}

/// An absolute path on every platform.
fn absolute(name: &str) -> String {
    std::env::temp_dir().join(name).to_str().unwrap().to_owned()
}

#[test]
fn an_absolute_path_in_the_variable_is_the_directory_as_it_is_spelled() {
    let dir = absolute("some//cache/../cache/");
    for names in [Names::LARDER, Names::GO] {
        let chosen = directory(&names, &[(names.dir, &dir)]);
        assert_eq!(chosen, at(&dir, Origin::Variable(names.dir)));
        let Directory::At(chosen) = chosen.unwrap().value else { unreachable!() };
        assert_eq!(chosen.as_os_str(), dir.as_str());
    }
}

#[test]
fn off_in_the_variable_turns_the_cache_off() {
    for (names, text) in [
        (Names::GO, "build cache is disabled by GOCACHE=off, but required as of Go 1.12"),
        (Names::LARDER, "build cache is disabled by LARDER_DIR=off, but required"),
    ] {
        let settings = Home::new().set(names.dir, "off").resolve(&names, Flags::default()).unwrap();
        let off = Setting { value: Directory::Off, origin: Origin::Variable(names.dir) };
        assert_eq!(settings.dir, off);
        assert_eq!(settings.required_dir().unwrap_err().to_string(), text);
    }
}

#[test]
fn off_in_the_settings_file_turns_the_cache_off() {
    let home = Home::with_file("\ndir = 'off'\n");
    let settings = home.settings();
    assert_eq!(settings.dir.value, Directory::Off);
    assert_eq!(
        settings.required_dir().unwrap_err().to_string(),
        format!(
            "build cache is disabled by dir = \"off\" ({}:2), but required",
            home.file().display()
        )
    );
}

#[test]
fn a_relative_path_in_the_variable_is_an_error_even_where_there_is_a_default() {
    for value in ["cache", "./cache", "OFF"] {
        assert_eq!(
            directory(&Names::GO, &[("GOCACHE", value), ("HOME", "/home/u")]).unwrap_err(),
            "build cache is required, but could not be located: GOCACHE is not an absolute path"
        );
    }
}

#[test]
fn each_preset_has_its_own_variable() {
    let home = Home::new().set("GOCACHE", absolute("cache"));
    let origin =
        |names: Names| home.resolve(&names, Flags::default()).expect("settings").dir.origin;
    assert_eq!(origin(Names::LARDER), Origin::Default);
    assert_eq!(origin(Names::GO), Origin::Variable("GOCACHE"));
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod the_default {
    use super::*;

    #[test]
    fn is_a_folder_in_the_user_s_cache_folder() {
        let both = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(directory(&Names::LARDER, &both), at("/x/larder", Origin::Default));
        assert_eq!(directory(&Names::GO, &both), at("/x/go-build", Origin::Default));
        let home = directory(&Names::GO, &both[..1]);
        assert_eq!(home, at("/home/u/.cache/go-build", Origin::Default));
    }

    #[test]
    fn is_taken_when_variables_are_empty() {
        let variables = [("GOCACHE", ""), ("XDG_CACHE_HOME", ""), ("HOME", "/home/u")];
        let chosen = directory(&Names::GO, &variables);
        assert_eq!(chosen, at("/home/u/.cache/go-build", Origin::Default));
    }

    /// The expected texts are what `go env GOCACHE` of Go 1.27.3 printed.
    #[test]
    fn is_spelled_as_go_spells_it() {
        for (home, expected) in [
            ("/a/../b//c/./d/", "/b/c/d/.cache/go-build"),
            ("/../a", "/a/.cache/go-build"),
            ("/", "/.cache/go-build"),
            ("a/../../b", "../b/.cache/go-build"),
        ] {
            let Directory::At(dir) = directory(&Names::GO, &[("HOME", home)]).unwrap().value else {
                unreachable!()
            };
            assert_eq!(dir.as_os_str(), expected);
        }
    }

    #[test]
    fn needs_a_user_s_cache_folder() {
        assert_eq!(
            directory(&Names::GO, &[]).unwrap_err(),
            "build cache is required, but could not be located: \
             GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are defined"
        );
        let relative = [("XDG_CACHE_HOME", "x"), ("HOME", "/home/u")];
        assert_eq!(
            directory(&Names::LARDER, &relative).unwrap_err(),
            "build cache is required, but could not be located: \
             LARDER_DIR is not defined and path in $XDG_CACHE_HOME is relative"
        );
    }
}

/// Go's rules are the test above.
#[cfg(unix)]
#[test]
fn a_relative_home_gives_neither_a_cache_nor_settings() {
    let dir = absolute("cache");
    let settings =
        "settings file larder/config.toml could not be located: path in $HOME is relative";
    for variables in [&[("HOME", "u")][..], &[("HOME", "u"), ("LARDER_DIR", &dir)]] {
        assert_eq!(directory(&Names::LARDER, variables).unwrap_err(), settings);
    }
    let without_file = Names { file: None, ..Names::LARDER };
    assert_eq!(
        directory(&without_file, &[("HOME", "u")]).unwrap_err(),
        "build cache is required, but could not be located: \
         LARDER_DIR is not defined and path in $HOME is relative"
    );
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn whether_a_relative_home_counts_does_not_hang_on_how_a_variable_is_called() {
    let home = [("HOME", "u")];
    let as_in_go = Names { dir: "MYTOOL_CACHE", folder: "mytool", ..Names::GO };
    assert_eq!(directory(&as_in_go, &home), at("u/.cache/mytool", Origin::Default));
    let strict = Names { relative_home: false, ..Names::GO };
    assert_eq!(
        directory(&strict, &home).unwrap_err(),
        "build cache is required, but could not be located: \
         GOCACHE is not defined and path in $HOME is relative"
    );
    // The settings file is another matter: with one there is an error.
    let with_file = Names { file: Names::LARDER.file, ..as_in_go };
    assert_eq!(
        directory(&with_file, &home).unwrap_err(),
        "settings file larder/config.toml could not be located: path in $HOME is relative"
    );
}

#[test]
fn that_there_is_no_directory_is_no_error_before_one_is_needed() {
    let settings = Settings::resolve(&Names::LARDER, Flags::default(), &|_| None).unwrap();
    assert!(matches!(settings.dir.value, Directory::Unknown(_)));
    assert!(matches!(settings.required_dir(), Err(DirError::NotDefined { .. })));
}

#[cfg(unix)]
#[test]
fn the_value_that_is_no_absolute_path_is_in_the_error() {
    let env = |name: &str| (name == "LARDER_DIR").then(|| OsString::from("rel"));
    let error = Settings::resolve(&Names::LARDER, Flags::default(), &env).unwrap_err();
    let SettingsError::Dir(DirError::NotAbsolute { variable, found }) = error else {
        panic!("{error}")
    };
    assert_eq!((variable, found), ("LARDER_DIR", OsString::from("rel")));
    let env = |name: &str| (name == "HOME").then(|| OsString::from("u"));
    let error = Settings::resolve(&Names::LARDER, Flags::default(), &env).unwrap_err();
    let SettingsError::NoConfigFolder { source, .. } = error else { panic!("{error}") };
    assert_eq!(source, NoUserFolder::Relative { variable: "HOME", found: "u".into() });
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_relative_config_folder_is_an_error_where_there_could_be_a_settings_file() {
    let variables = [("HOME", "/home/u"), ("XDG_CONFIG_HOME", "x")];
    assert_eq!(
        directory(&Names::LARDER, &variables).unwrap_err(),
        "settings file larder/config.toml could not be located: path in $XDG_CONFIG_HOME is relative"
    );
    assert_eq!(directory(&Names::GO, &variables), at("/home/u/.cache/go-build", Origin::Default));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_a_path() {
    use std::os::unix::ffi::OsStringExt;
    let dir = OsString::from_vec(b"/caf\xe9".to_vec());
    let settings = Home::new().set("LARDER_DIR", dir.clone()).settings();
    assert_eq!(Ok(settings.dir), at(dir, Origin::Variable("LARDER_DIR")));
}

#[test]
fn the_process_s_environment_is_one_environment() {
    assert_eq!(process_env("PATH"), std::env::var_os("PATH"));
    assert_eq!(process_env("LARDER_NO_SUCH_VARIABLE"), None);
}

#[test]
fn a_new_directory_has_a_readme() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("user/cache");
    create(&dir, &Names::LARDER).unwrap();
    assert_eq!(fs::read_to_string(dir.join("README")).unwrap(), Names::LARDER.readme);
    create(&dir, &Names::LARDER).unwrap();
}

#[test]
fn a_readme_that_is_there_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let readme = folder.path().join("README");
    fs::write(&readme, "Go's own").unwrap();
    create(folder.path(), &Names::LARDER).unwrap();
    assert_eq!(fs::read_to_string(readme).unwrap(), "Go's own");
}

#[test]
fn a_directory_without_a_readme_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("README")).unwrap();
    create(folder.path(), &Names::LARDER).unwrap();
}

#[test]
fn a_directory_that_cannot_be_created_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let dir = file.join("cache");
    let error = create(&dir, &Names::LARDER).unwrap_err().to_string();
    let expected = format!("failed to initialize build cache at {}: ", dir.display());
    assert!(error.starts_with(&expected), "{error}");
}
