//! Flag, variable, settings file, default: the first that says something counts.

mod support;

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use cache_default::{
    Directory, Flag, Flags, Names, OnHelperFailure, Origin, PublicKey, RemoteAccess, Setting,
    Settings, StoreAddress, Template, parse_max_age, parse_max_size, parse_remote,
    parse_remote_access, parse_scope, parse_upload_wait,
};
use support::Home;

/// Every key, one to a line.
const FILE: &str = "\
dir = '/from/file'
prog = 'file-helper --fast'
on-helper-failure = 'continue'
max-size = '1KiB'
max-age = '2d'
verify = true
trace = true
remote = 'fs:///from/file'
remote-access = 'read-only'
upload-wait = '1m'
scope = '{branch} of a file'
trusted-keys = [
  'larder-public-key-v1 hR9rYP6ms0aqyfpKn/l+FI3Q18foxGgsaRg2tOHcbsE=',
]
signing-key = '/key/of/file'
allow-world-writable = true
";

const KEY: &str = "larder-public-key-v1 hR9rYP6ms0aqyfpKn/l+FI3Q18foxGgsaRg2tOHcbsE=";

fn keys(keys: &[&str]) -> Option<Vec<PublicKey>> {
    Some(keys.iter().map(|key| key.parse().unwrap()).collect())
}

fn template(text: &str) -> Option<Template> {
    Some(text.parse().unwrap())
}

fn flag<T>(name: &'static str, value: T) -> Option<Flag<T>> {
    Some(Flag { name, value })
}

fn all_flags() -> Flags {
    Flags {
        dir: flag("--dir", "/from/flag".into()),
        prog: flag("--prog", Some("flag-helper".to_owned())),
        on_helper_failure: flag("--on-helper-failure", OnHelperFailure::Fail),
        max_size: flag("--max-size", Some(3)),
        max_age: flag("--max-age", Duration::from_secs(3)),
        verify: flag("--verify", false),
        trace: flag("--trace", false),
        remote: flag("--remote", Some(StoreAddress::new("fs:///from/flag"))),
        remote_access: flag("--remote-access", RemoteAccess::WriteOnly),
        upload_wait: flag("--upload-wait", Duration::from_secs(3)),
        scope: flag("--scope", template("a flag")),
        trusted_keys: flag("--trusted-keys", None),
        signing_key: flag("--signing-key", Some("/key/of/flag".into())),
        allow_world_writable: flag("--allow-world-writable", false),
    }
}

fn with_variables(home: Home) -> Home {
    home.set("LARDER_DIR", "/from/variable")
        .set("LARDER_PROG", "variable-helper")
        .set("LARDER_MAX_SIZE", "2KiB")
        .set("LARDER_DEBUG", "verify=0,hash=0")
        .set("LARDER_REMOTE", "fs:///from/variable")
        .set("LARDER_REMOTE_ACCESS", "read-write")
        .set("LARDER_UPLOAD_WAIT", "20s")
        .set("LARDER_SCOPE", "a variable")
        .set("LARDER_TRUSTED_KEYS", format!("{KEY},{KEY}"))
        .set("LARDER_SIGNING_KEY", "/key/of/variable")
        .set("LARDER_ALLOW_WORLD_WRITABLE", "0")
}

#[track_caller]
fn is<T: PartialEq + Debug>(setting: &Setting<T>, value: T, origin: Origin) {
    assert_eq!((&setting.value, &setting.origin), (&value, &origin));
}

fn at(dir: impl Into<PathBuf>) -> Directory {
    Directory::At(dir.into())
}

#[cfg(unix)]
#[test]
fn without_a_word_every_setting_has_its_default() {
    let home = Home::new();
    let Settings { dir, prog, on_helper_failure, max_size, max_age, verify, trace, .. } =
        &home.settings();
    assert_eq!(dir.origin, Origin::Default);
    is(prog, None, Origin::Default);
    is(on_helper_failure, OnHelperFailure::Fail, Origin::Default);
    is(max_size, None, Origin::Default);
    is(max_age, Duration::from_secs(5 * 24 * 60 * 60), Origin::Default);
    is(verify, false, Origin::Default);
    is(trace, false, Origin::Default);
    let settings = home.settings();
    is(&settings.remote, None, Origin::Default);
    is(&settings.remote_access, RemoteAccess::ReadWrite, Origin::Default);
    is(&settings.upload_wait, Duration::ZERO, Origin::Default);
    is(&settings.scope, Some(Template::default()), Origin::Default);
    is(&settings.trusted_keys, None, Origin::Default);
    is(&settings.signing_key, None, Origin::Default);
    is(&settings.allow_world_writable, false, Origin::Default);
    assert_eq!(home.settings().file, Some(home.file()));
    assert!(!home.settings().file_was_read);
}

#[cfg(unix)]
#[test]
fn the_file_goes_before_the_default() {
    let home = Home::with_file(FILE);
    let settings = home.settings();
    let line = |line| Origin::File { path: home.file().into(), line };
    is(&settings.dir, at("/from/file"), line(1));
    is(&settings.prog, Some("file-helper --fast".into()), line(2));
    is(&settings.on_helper_failure, OnHelperFailure::Continue, line(3));
    is(&settings.max_size, Some(1024), line(4));
    is(&settings.max_age, Duration::from_secs(2 * 24 * 60 * 60), line(5));
    is(&settings.verify, true, line(6));
    is(&settings.trace, true, line(7));
    is(&settings.remote, Some(StoreAddress::new("fs:///from/file")), line(8));
    is(&settings.remote_access, RemoteAccess::ReadOnly, line(9));
    is(&settings.upload_wait, Duration::from_secs(60), line(10));
    is(&settings.scope, template("{branch} of a file"), line(11));
    is(&settings.trusted_keys, keys(&[KEY]), line(12));
    is(&settings.signing_key, Some("/key/of/file".into()), line(15));
    is(&settings.allow_world_writable, true, line(16));
    assert!(settings.file_was_read);
    assert_eq!(line(7).to_string(), format!("{}:7", home.file().display()));
}

#[cfg(unix)]
#[test]
fn a_variable_goes_before_the_file() {
    let settings = with_variables(Home::with_file(FILE)).settings();
    is(&settings.dir, at("/from/variable"), Origin::Variable("LARDER_DIR"));
    is(&settings.prog, Some("variable-helper".into()), Origin::Variable("LARDER_PROG"));
    is(&settings.max_size, Some(2048), Origin::Variable("LARDER_MAX_SIZE"));
    is(&settings.verify, false, Origin::Variable("LARDER_DEBUG"));
    is(&settings.trace, false, Origin::Variable("LARDER_DEBUG"));
    is(
        &settings.remote,
        Some(StoreAddress::new("fs:///from/variable")),
        Origin::Variable("LARDER_REMOTE"),
    );
    let access = Origin::Variable("LARDER_REMOTE_ACCESS");
    is(&settings.remote_access, RemoteAccess::ReadWrite, access);
    is(&settings.upload_wait, Duration::from_secs(20), Origin::Variable("LARDER_UPLOAD_WAIT"));
    is(&settings.scope, template("a variable"), Origin::Variable("LARDER_SCOPE"));
    is(&settings.trusted_keys, keys(&[KEY, KEY]), Origin::Variable("LARDER_TRUSTED_KEYS"));
    let key = Some("/key/of/variable".into());
    is(&settings.signing_key, key, Origin::Variable("LARDER_SIGNING_KEY"));
    let variable = Origin::Variable("LARDER_ALLOW_WORLD_WRITABLE");
    is(&settings.allow_world_writable, false, variable);
    // These have none.
    assert!(matches!(settings.max_age.origin, Origin::File { line: 5, .. }));
    assert!(matches!(settings.on_helper_failure.origin, Origin::File { line: 3, .. }));
}

#[cfg(unix)]
#[test]
fn a_flag_goes_before_all() {
    for home in [Home::new(), Home::with_file(FILE), with_variables(Home::with_file(FILE))] {
        let settings = home.resolve(&Names::LARDER, all_flags()).unwrap();
        is(&settings.dir, at("/from/flag"), Origin::Flag("--dir"));
        is(&settings.prog, Some("flag-helper".into()), Origin::Flag("--prog"));
        let origin = Origin::Flag("--on-helper-failure");
        is(&settings.on_helper_failure, OnHelperFailure::Fail, origin);
        is(&settings.max_size, Some(3), Origin::Flag("--max-size"));
        is(&settings.max_age, Duration::from_secs(3), Origin::Flag("--max-age"));
        is(&settings.verify, false, Origin::Flag("--verify"));
        is(&settings.trace, false, Origin::Flag("--trace"));
        let address = Some(StoreAddress::new("fs:///from/flag"));
        is(&settings.remote, address, Origin::Flag("--remote"));
        let access = Origin::Flag("--remote-access");
        is(&settings.remote_access, RemoteAccess::WriteOnly, access);
        is(&settings.upload_wait, Duration::from_secs(3), Origin::Flag("--upload-wait"));
        is(&settings.scope, template("a flag"), Origin::Flag("--scope"));
        is(&settings.trusted_keys, None, Origin::Flag("--trusted-keys"));
        let key = Some("/key/of/flag".into());
        is(&settings.signing_key, key, Origin::Flag("--signing-key"));
        let origin = Origin::Flag("--allow-world-writable");
        is(&settings.allow_world_writable, false, origin);
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    let mut home = Home::with_file("max-size = 7\nprog = 'helper'\ntrace = true");
    for variable in ["LARDER_DIR", "LARDER_PROG", "LARDER_MAX_SIZE", "LARDER_DEBUG"] {
        home = home.set(variable, "");
    }
    let settings = home.settings();
    assert_eq!(settings.dir.origin, Origin::Default);
    assert_eq!(settings.prog.value.as_deref(), Some("helper"));
    assert_eq!(settings.max_size.value, Some(7));
    assert!(settings.trace.value);
}

#[test]
fn off_in_a_variable_undoes_what_the_file_says() {
    let home = with_variables(Home::with_file(FILE))
        .set("LARDER_PROG", "off")
        .set("LARDER_REMOTE", "off")
        .set("LARDER_SCOPE", "off")
        .set("LARDER_TRUSTED_KEYS", "off")
        .set("LARDER_SIGNING_KEY", "off")
        .set("LARDER_MAX_SIZE", "off");
    let settings = home.settings();
    is(&settings.remote, None, Origin::Variable("LARDER_REMOTE"));
    is(&settings.scope, None, Origin::Variable("LARDER_SCOPE"));
    is(&settings.trusted_keys, None, Origin::Variable("LARDER_TRUSTED_KEYS"));
    is(&settings.signing_key, None, Origin::Variable("LARDER_SIGNING_KEY"));
    is(&settings.prog, None, Origin::Variable("LARDER_PROG"));
    is(&settings.max_size, None, Origin::Variable("LARDER_MAX_SIZE"));
}

#[test]
fn a_variable_with_a_value_that_makes_no_sense_is_an_error_that_says_what_does() {
    assert_eq!(
        Home::new().set("LARDER_MAX_SIZE", "large").mistake(),
        "LARDER_MAX_SIZE is \"large\"; \
         it must be a size such as \"10GiB\", a number of bytes, or \"off\""
    );
    assert_eq!(
        Home::new().set("LARDER_PROG", " ").mistake(),
        "LARDER_PROG is \" \"; \
         it must be a helper's command as text, such as \"larder serve\", or \"off\""
    );
    assert_eq!(
        Home::new().set("LARDER_ALLOW_WORLD_WRITABLE", "yes").mistake(),
        "LARDER_ALLOW_WORLD_WRITABLE is \"yes\"; \
         it must be true or false, in a variable also 1 or 0"
    );
    for part in ["verfy=1", "verify", "verify=yes", "gocacheverify=1", "verify=1;hash=1"] {
        assert_eq!(
            Home::new().set("LARDER_DEBUG", part).mistake(),
            format!(
                "LARDER_DEBUG has {part:?}, which is no mode for debugging; \
                 there are verify=1 and hash=1"
            )
        );
    }
}

#[test]
fn a_variable_with_a_secret_in_it_is_not_repeated() {
    for (variable, value) in [
        ("LARDER_REMOTE", "user:hidden@host/path"),
        ("LARDER_SIGNING_KEY", "larder-secret-key-v1 hidden"),
    ] {
        let mistake = Home::new().set(variable, value).mistake();
        assert!(
            mistake.starts_with(&format!("{variable} is \"***\"; it must be the ")),
            "{mistake}"
        );
        assert!(!mistake.contains("hidden"), "{mistake}");
    }
    let address = "redis://user:hidden@host:6379/0";
    let settings = Home::new().set("LARDER_REMOTE", address).settings();
    assert_eq!(settings.remote.value.as_ref().map(StoreAddress::with_secrets), Some(address));
    assert!(!format!("{settings:?}").contains("hidden"), "{settings:?}");
}

/// There the directory may be gone as soon as the process has ended.
#[test]
fn in_ci_uploads_are_waited_for_when_nothing_says_how_long() {
    let ci = || Home::new().set("CI", "true");
    is(&ci().settings().upload_wait, Duration::from_secs(10), Origin::Default);
    let none = ci().set("LARDER_UPLOAD_WAIT", "0s").settings();
    is(&none.upload_wait, Duration::ZERO, Origin::Variable("LARDER_UPLOAD_WAIT"));
    is(&Home::new().set("CI", "").settings().upload_wait, Duration::ZERO, Origin::Default);
    let go = ci().resolve(&Names::GO, Flags::default()).unwrap();
    is(&go.upload_wait, Duration::ZERO, Origin::Default);
}

#[cfg(unix)]
#[test]
fn a_helper_s_command_that_is_not_unicode_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let command = std::ffi::OsString::from_vec(b"caf\xe9".to_vec());
    let mistake = Home::new().set("LARDER_PROG", command).mistake();
    assert!(mistake.starts_with(r#"LARDER_PROG is "caf\xE9"; it must be "#), "{mistake}");
}

#[test]
fn a_flag_hides_a_variable_that_makes_no_sense() {
    let home = Home::new()
        .set("LARDER_DIR", "relative")
        .set("LARDER_MAX_SIZE", "large")
        .set("LARDER_DEBUG", "verfy=1");
    home.resolve(&Names::LARDER, all_flags()).unwrap();
}

#[test]
fn the_debug_variable_turns_modes_on() {
    for (value, verify, trace) in [
        ("verify=1", true, false),
        ("hash=1", false, true),
        ("hash=1,verify=1", true, true),
        ("verify=1,verify=0", false, false),
        ("verify=0,,verify=1,", true, false),
    ] {
        let settings = Home::new().set("LARDER_DEBUG", value).settings();
        assert_eq!((settings.verify.value, settings.trace.value), (verify, trace), "{value}");
    }
}

#[test]
fn go_s_names_are_the_go_command_s() {
    let home = Home::with_file("max-size = 7\nnonsense")
        .set("GOCACHEPROG", "helper")
        .set("GODEBUG", "madvdontneed=1,gocacheverify=1,http2client,gocachehash=yes")
        .set("LARDER_PROG", "other")
        .set("LARDER_DEBUG", "nonsense")
        .set("LARDER_MAX_SIZE", "nonsense")
        .set("LARDER_REMOTE", "nonsense");
    let settings = home.resolve(&Names::GO, Flags::default()).unwrap();
    is(&settings.remote, None, Origin::Default);
    is(&settings.prog, Some("helper".into()), Origin::Variable("GOCACHEPROG"));
    is(&settings.max_size, None, Origin::Default);
    is(&settings.verify, true, Origin::Variable("GODEBUG"));
    // The go command takes 1 for on, and anything else for off.
    is(&settings.trace, false, Origin::Variable("GODEBUG"));
    assert_eq!(settings.file, None);
}

#[test]
fn a_program_has_names_of_its_own() {
    let names = Names {
        dir: "MYTOOL_CACHE",
        folder: "mytool",
        max_size: None,
        file: Some("mytool/cache.toml"),
        ..Names::LARDER
    };
    let home = Home::new().set("LARDER_DIR", "nonsense").set("LARDER_MAX_SIZE", "nonsense");
    let settings = home.resolve(&names, Flags::default()).unwrap();
    let Directory::At(dir) = settings.dir.value else { panic!("it is off") };
    assert!(dir.ends_with("mytool"), "{dir:?}");
    assert!(settings.file.is_some_and(|file| file.ends_with("mytool/cache.toml")));
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn the_file_is_in_the_user_s_config_folder() {
    let home = Home::with_file("max-size = 7");
    let config = home.path(".config");
    assert_eq!(home.settings().max_size.value, Some(7));
    let elsewhere = Home::new().set("XDG_CONFIG_HOME", config);
    assert_eq!(elsewhere.settings().max_size.value, Some(7));
    assert_eq!(elsewhere.settings().file, Some(home.file()));
    // As with the cache folder: going on without the file would be something else than it says.
    let relative = Home::with_file("max-size = 7").set("XDG_CONFIG_HOME", "relative");
    assert_eq!(
        relative.mistake(),
        "settings file larder/config.toml could not be located: path in $XDG_CONFIG_HOME is relative"
    );
    // Without a home there is no place for a file.
    let nowhere = Home::new().set("HOME", "").set("LARDER_DIR", home.path("cache"));
    assert_eq!(nowhere.settings().file, None);
}

#[test]
fn a_flag_s_text_is_read_as_the_file_s_is() {
    assert_eq!(parse_max_size("10GiB"), Ok(Some(10 << 30)));
    assert_eq!(parse_max_size("7"), Ok(Some(7)));
    assert_eq!(parse_max_size("off"), Ok(None));
    assert_eq!(parse_max_age("36h"), Ok(Duration::from_secs(36 * 3_600)));
    assert_eq!(parse_remote("fs:///a"), Ok(Some(StoreAddress::new("fs:///a"))));
    assert_eq!(parse_remote("off"), Ok(None));
    assert!(parse_remote("://a").is_err());
    for access in RemoteAccess::ALL {
        assert_eq!(parse_remote_access(access.as_str()), Ok(access));
    }
    assert_eq!(parse_upload_wait("1m 30s"), Ok(Duration::from_secs(90)));
    assert_eq!(parse_scope("{os}"), Ok(template("{os}")));
    assert_eq!(parse_scope("off"), Ok(None));
    let told = parse_max_size("10XB").unwrap_err().to_string();
    assert_eq!(told, "it must be a size such as \"10GiB\", a number of bytes, or \"off\"");
    let told = parse_max_age("5").unwrap_err().to_string();
    assert_eq!(told, "it must be a time with a unit, such as \"5d\" or \"12h\"");
}
