//! A mistake in the settings file is an error that names the file, the line and what is allowed.

mod support;

use std::fs;

use support::Home;

/// What is said about a file after its name.
#[track_caller]
fn about(text: impl AsRef<[u8]>) -> String {
    let home = Home::with_file(text);
    let mistake = home.mistake();
    let rest = mistake.strip_prefix(&format!("{}:", home.file().display()));
    rest.unwrap_or_else(|| panic!("it does not begin with the file: {mistake}")).to_owned()
}

const KEYS: &str = "dir, prog, on-helper-failure, remote, remote-access, upload-wait, scope, \
                    trusted-keys, signing-key, max-size, max-age, allow-world-writable, verify, \
                    trace";

#[test]
fn an_unknown_key() {
    for (text, line, key) in [
        ("max-sise = '1GiB'", 1, "max-sise"),
        ("# a comment\n\nmax_size = '1GiB'\n", 3, "max_size"),
        ("verify = true\nMax-Size = 1", 2, "Max-Size"),
        ("verify = true\n\n[remote]\nurl = 's3://bucket'\n", 4, "remote.url"),
        ("dir.ectory = 1", 1, "dir.ectory"),
        ("[nothing]\n", 1, "nothing"),
    ] {
        assert_eq!(about(text), format!("{line}: there is no setting {key:?}; there are {KEYS}"));
    }
}

#[test]
fn the_first_mistake_is_told() {
    assert!(about("b = 1\na = 1\n").starts_with("1: there is no setting \"b\""));
}

#[test]
fn a_value_that_the_setting_cannot_have() {
    let path = "it must be an absolute path in quotes, or \"off\"";
    let command = "it must be a helper's command as text, such as \"larder serve\", or \"off\"";
    let size = "it must be a size such as \"10GiB\", a number of bytes, or \"off\"";
    let time = "it must be a time with a unit, such as \"5d\" or \"12h\"";
    let truth = "it must be true or false";
    let access = "it must be \"read-write\", \"read-only\" or \"write-only\"";
    let wait = "it must be a time with a unit, such as \"10s\" or \"2m\"";
    for (key, value, expected) in [
        ("dir", "'cache'", path),
        ("dir", "7", path),
        ("dir", "false", path),
        ("prog", "['larder', 'serve']", command),
        ("prog", "' '", command),
        ("on-helper-failure", "'ignore'", "it must be \"fail\" or \"continue\""),
        ("on-helper-failure", "true", "it must be \"fail\" or \"continue\""),
        ("remote-access", "'read'", access),
        ("remote-access", "true", access),
        ("upload-wait", "10", wait),
        ("upload-wait", "'soon'", wait),
        ("max-size", "'large'", size),
        ("max-size", "-1", size),
        ("max-size", "1.5", size),
        ("max-size", "99999999999999999999", size),
        ("max-size", "{}", size),
        ("max-age", "5", time),
        ("max-age", "'5'", time),
        ("max-age", "1979-05-27", time),
        ("verify", "'true'", truth),
        ("verify", "1", truth),
        ("trace", "'on'", truth),
    ] {
        let text = format!("# settings\n{key} = {value} # here\n");
        assert_eq!(about(text), format!("2: {key} is {value}; {expected}"));
    }
}

#[cfg(feature = "remote")]
#[test]
fn a_scope_that_makes_no_sense() {
    let fields = "it must be text with the fields {repository}, {branch}, {os}, {arch}, {go} and \
                  {env:NAME}, or \"off\"";
    for scope in ["''", "'{user}'", "'{branch'", "7"] {
        assert_eq!(about(format!("scope = {scope}")), format!("1: scope is {scope}; {fields}"));
    }
}

/// It may be one that stands in the wrong place, or has a mistake in it.
#[test]
fn a_secret_is_not_repeated() {
    let secret = "larder-secret-key-v1 NwOuaDqklMpPPaTNCmY10W2+pIgalsOWemy3TM9HJ2c=";
    for text in [
        "remote = 'user:hidden@host'".to_owned(),
        "remote = ['s3://hidden']".to_owned(),
        format!("signing-key = '{secret}'"),
        "signing-key = 'relative/hidden'".to_owned(),
    ] {
        let told = about(&text);
        assert!(told.contains(" is ***; it must be "), "{text}: {told}");
        assert!(!told.contains("hidden") && !told.contains("NwOua"), "{text}: {told}");
    }
    #[cfg(feature = "remote")]
    for keys in [format!("['{secret}']"), format!("'{secret}'"), "[]".to_owned(), "[7]".to_owned()]
    {
        let told = about(format!("trusted-keys = {keys}"));
        assert!(told.starts_with("1: trusted-keys is ***; it must be public keys, as "), "{told}");
    }
}

#[test]
fn a_mistake_is_told_even_where_something_goes_before_it() {
    let home = Home::with_file("max-size = 'large'").set("LARDER_MAX_SIZE", "1GiB");
    assert!(home.mistake().contains("config.toml:1: max-size is 'large'"), "{}", home.mistake());
}

#[test]
fn a_tilde_is_not_expanded_and_the_message_says_so() {
    for dir in ["'~/c'", "\"~/c\""] {
        let expected = "it must be an absolute path in quotes, or \"off\", and ~ is not expanded";
        assert_eq!(about(format!("dir = {dir}")), format!("1: dir is {dir}; {expected}"));
    }
}

#[test]
fn a_long_value_is_cut_short() {
    let told = about(format!("max-age = '{}'", "é".repeat(10_000)));
    assert!(told.len() < 400 && told.contains("é…;"), "{told}");
    let told = about(format!("{} = 1", "a".repeat(10_000)));
    assert!(told.len() < 400 && told.contains("a…"), "{told}");
}

#[test]
fn what_is_not_toml() {
    for (text, line) in [
        ("max-size\n", 1),
        ("verify = true\nmax-size = 10GiB\n", 2),
        ("verify = true\n\nverify = false\n", 3),
        ("dir = '/a\n", 1),
        ("verify = true\n[remote\n", 2),
    ] {
        let told = about(text);
        assert!(told.starts_with(&format!("{line}: this is not TOML: ")), "{text:?}: {told}");
    }
    assert_eq!(about(b"verify = true\ndir = '/caf\xe9'\n"), "2: this line is not UTF-8");
}

#[test]
fn what_is_no_file_of_settings() {
    let home = Home::with_file("");
    fs::remove_file(home.file()).unwrap();
    fs::create_dir(home.file()).unwrap();
    let named = format!("settings file {}: ", home.file().display());
    let not_a_file = "it is not a file; remove it, or put a file in its place";
    assert_eq!(home.mistake(), format!("{named}{not_a_file}"));
    let home = Home::with_file(" ".repeat((1 << 20) + 1));
    let large = "it has over 1048576 bytes, which no settings need";
    assert_eq!(home.mistake(), format!("settings file {}: {large}", home.file().display()));
    Home::with_file(" ".repeat(1 << 20)).settings();
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let home = Home::with_file("");
    fs::remove_file(home.file()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(home.file()).status().unwrap();
    assert!(made.success());
    assert!(home.mistake().contains(": it is not a file; "), "{}", home.mistake());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read() {
    // A loop of links, which not even root can read.
    let home = Home::with_file("");
    fs::remove_file(home.file()).unwrap();
    std::os::unix::fs::symlink(home.file(), home.file()).unwrap();
    let told = home.mistake();
    let named = format!("settings file {}: it cannot be read: ", home.file().display());
    assert!(told.starts_with(&named), "{told}");
    assert!(told.ends_with("; make it readable for this user, or remove it"), "{told}");
}

#[test]
fn a_file_that_is_not_there_or_empty_says_nothing() {
    for home in [Home::new(), Home::with_file(""), Home::with_file("# nothing yet\n")] {
        home.settings();
    }
    // Something else stands where its folder would be.
    let home = Home::with_file("");
    fs::remove_dir_all(home.file().parent().unwrap()).unwrap();
    fs::write(home.file().parent().unwrap(), "").unwrap();
    assert!(!home.settings().file_was_read);
}
