//! The cache is where the go command's rules put it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use cache_default::{
    Choice, ChooseError, DirError, Directory, Names, Origin, choose, create, process_env,
};

fn choice(names: &Names, variables: &[(&str, &str)]) -> Result<Choice, ChooseError> {
    choose(names, &|name| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
    })
}

fn at(dir: impl Into<PathBuf>, origin: Origin) -> Result<Choice, ChooseError> {
    Ok(Choice { directory: Directory::At(dir.into()), origin })
}

/// An absolute path on every platform.
fn absolute(name: &str) -> String {
    std::env::temp_dir().join(name).to_str().unwrap().to_owned()
}

#[test]
fn an_absolute_path_in_the_variable_is_the_directory_as_it_is_spelled() {
    let dir = absolute("some//cache/../cache/");
    for names in [Names::LARDER, Names::GO] {
        let chosen = choice(&names, &[(names.dir, &dir)]);
        assert_eq!(chosen, at(&dir, Origin::Variable(names.dir)));
        let Directory::At(chosen) = chosen.unwrap().directory else { unreachable!() };
        assert_eq!(chosen.as_os_str(), dir.as_str());
    }
}

#[test]
fn off_in_the_variable_turns_the_cache_off() {
    let off = choice(&Names::GO, &[("GOCACHE", "off")]).unwrap();
    assert_eq!(off, Choice { directory: Directory::Off, origin: Origin::Variable("GOCACHE") });
    assert_eq!(
        off.require(&Names::GO).unwrap_err().to_string(),
        "build cache is disabled by GOCACHE=off, but required as of Go 1.12"
    );
    let off = choice(&Names::LARDER, &[("LARDER_DIR", "off")]).unwrap();
    assert_eq!(
        off.require(&Names::LARDER).unwrap_err().to_string(),
        "build cache is disabled by LARDER_DIR=off, but required"
    );
}

#[test]
fn a_relative_path_in_the_variable_is_an_error_even_where_there_is_a_default() {
    for value in ["cache", "./cache", "OFF"] {
        let error = choice(&Names::GO, &[("GOCACHE", value), ("HOME", "/home/u")]).unwrap_err();
        assert_eq!(error.to_string(), "GOCACHE is not an absolute path");
        assert_eq!(
            DirError::from(error).to_string(),
            "build cache is required, but could not be located: GOCACHE is not an absolute path"
        );
    }
}

#[test]
fn each_preset_has_its_own_variable() {
    let dir = absolute("cache");
    let home = absolute("home");
    let variables = [("GOCACHE", dir.as_str()), ("HOME", &home), ("LocalAppData", &home)];
    assert_eq!(choice(&Names::LARDER, &variables).unwrap().origin, Origin::Default);
    assert_eq!(choice(&Names::GO, &variables).unwrap().origin, Origin::Variable("GOCACHE"));
}

#[test]
fn an_origin_reads_as_a_setting_s_source() {
    assert_eq!(Origin::Variable("LARDER_DIR").to_string(), "LARDER_DIR");
    assert_eq!(Origin::Default.to_string(), "default");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod the_default {
    use super::*;

    #[test]
    fn is_a_folder_in_the_user_s_cache_folder() {
        let both = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(choice(&Names::LARDER, &both), at("/x/larder", Origin::Default));
        assert_eq!(choice(&Names::GO, &both), at("/x/go-build", Origin::Default));
        assert_eq!(choice(&Names::GO, &both[..1]), at("/home/u/.cache/go-build", Origin::Default));
    }

    #[test]
    fn is_taken_when_variables_are_empty() {
        let variables = [("GOCACHE", ""), ("XDG_CACHE_HOME", ""), ("HOME", "/home/u")];
        assert_eq!(choice(&Names::GO, &variables), at("/home/u/.cache/go-build", Origin::Default));
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
            let Directory::At(dir) = choice(&Names::GO, &[("HOME", home)]).unwrap().directory
            else {
                unreachable!()
            };
            assert_eq!(dir.as_os_str(), expected);
        }
    }

    #[test]
    fn needs_a_user_s_cache_folder() {
        assert_eq!(
            choice(&Names::GO, &[]).unwrap_err().to_string(),
            "GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are defined"
        );
        assert_eq!(
            choice(&Names::LARDER, &[("XDG_CACHE_HOME", "x"), ("HOME", "/home/u")])
                .unwrap_err()
                .to_string(),
            "LARDER_DIR is not defined and path in $XDG_CACHE_HOME is relative"
        );
        assert_eq!(
            DirError::from(choice(&Names::GO, &[]).unwrap_err()).to_string(),
            "build cache is required, but could not be located: \
             GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are defined"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_is_a_path() {
    use std::os::unix::ffi::OsStringExt;
    let dir = OsString::from_vec(b"/caf\xe9".to_vec());
    let chosen = choose(&Names::LARDER, &|_| Some(dir.clone()));
    assert_eq!(chosen, at(&dir, Origin::Variable("LARDER_DIR")));
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
