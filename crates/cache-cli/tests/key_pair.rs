//! `larder key-pair`, and what the keys are for: entries that nobody else can have written.

mod support;

use std::fs;
use std::path::PathBuf;

use support::store::Store;
use support::user::User;
use support::{Larder, Ran, names};

/// A new key pair: the file with the secret key, and the public key.
fn key_pair(larder: &Larder, name: &str) -> (PathBuf, String) {
    let path = larder.path(name);
    let public = larder.run(["-q", "key-pair", "-o", path.to_str().expect("UTF-8")]).ok();
    (path, public.trim().to_owned())
}

#[test]
fn the_secret_key_is_in_a_new_file_for_this_user_alone_and_the_public_key_is_printed() {
    let larder = Larder::new();
    let ran = larder.run(["key-pair", "--output", larder.path("key").to_str().expect("UTF-8")]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        ran.stderr,
        format!("larder: the secret key is in {}\n", larder.path("key").display())
    );
    assert!(ran.text().starts_with("larder-public-key-v1 "), "{}", ran.text());
    assert_eq!(ran.text().lines().count(), 1);
    let secret = fs::read_to_string(larder.path("key")).expect("a key file");
    assert!(secret.starts_with("larder-secret-key-v1 ") && secret.ends_with("=\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(larder.path("key")).expect("a key file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!larder.dir().exists());
}

#[test]
fn a_key_is_never_written_over() {
    let larder = Larder::new();
    let (path, _) = key_pair(&larder, "key");
    let before = fs::read(&path).expect("a key file");
    let again = larder.run(["key-pair", "-o", path.to_str().expect("UTF-8")]);
    again.says(3, [path.to_str().expect("UTF-8"), "is there already", "--output"]);
    assert_eq!(fs::read(&path).expect("a key file"), before);
    let nowhere = larder.path("nowhere/key");
    let nowhere = nowhere.to_str().expect("UTF-8");
    larder.run(["key-pair", "-o", nowhere]).says(3, [nowhere, "make its folder first"]);
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn without_a_name_the_file_stands_beside_the_settings() {
    let user = User::new("");
    let json = user.run(&["-q", "key-pair", "--json"]).json();
    assert_eq!(names(&json), ["file", "id", "public_key"]);
    let file = user.larder.path("config/larder/signing-key");
    assert_eq!(json["file"].as_str(), file.to_str());
    assert!(file.exists());
    let mut nowhere = user.command(&["key-pair"]);
    nowhere.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
    Ran::of(&mut nowhere).says(2, ["--output"]);
}

#[test]
fn only_what_is_signed_with_a_trusted_key_is_a_hit() {
    let store = Store::new();
    let larder = Larder::new();
    let (ours, public) = key_pair(&larder, "ours");
    let (theirs, _) = key_pair(&larder, "theirs");
    let file = larder.file("file", "bytes");
    let put = |name: &str, key: Option<&PathBuf>| {
        let action = larder.key(name);
        let mut put = store.command(&larder);
        put.args(["put", &action]).arg(&file);
        put.envs(key.map(|key| ("LARDER_SIGNING_KEY", key)));
        assert_eq!(Ran::of(&mut put).code, Some(0));
        action
    };
    let signed = put("signed", Some(&ours));
    let by_others = put("by others", Some(&theirs));
    let unsigned = put("unsigned", None);
    // Signed by us, and then given to another action, or another output.
    let object = fs::read(store.object(&signed)).expect("an object");
    let moved = larder.key("moved");
    fs::create_dir_all(store.object(&moved).parent().expect("a folder")).expect("a folder");
    fs::write(store.object(&moved), object).expect("an object");

    let other = Larder::new();
    let get = |action: &str| {
        let mut get = store.command(&other);
        Ran::of(get.args(["get", action]).env("LARDER_TRUSTED_KEYS", &public))
    };
    assert_eq!(get(&signed).ok(), "bytes");
    get(&by_others)
        .says(1, [&by_others, "refused: it is signed with key", "not among the trusted"]);
    get(&unsigned).says(1, [&unsigned, "refused: it is not signed"]);
    get(&moved).says(1, [&moved, "refused: it is that of action", &signed]);
    // Who trusts everybody has them all.
    assert_eq!(store.run(&other, ["get", &unsigned]).ok(), "bytes");

    // The same for a whole store.
    let third = Larder::new();
    let mut pull = store.command(&third);
    let pulled = Ran::of(pull.args(["pull", "--json"]).env("LARDER_TRUSTED_KEYS", &public));
    let answer: serde_json::Value = serde_json::from_slice(&pulled.stdout).expect("JSON");
    assert_eq!((&answer["copied"], &answer["refused"]), (&1.into(), &3.into()), "{answer}");
    assert!(third.entry_file(&signed).exists() && !third.entry_file(&unsigned).exists());
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let store = Store::new();
    let larder = Larder::new();
    let (key, _) = key_pair(&larder, "key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let file = larder.file("file", "bytes");
    let action = larder.key("a");
    let says =
        [key.to_str().expect("UTF-8"), "its mode is 0644", "chmod 600", "LARDER_SIGNING_KEY"];
    for args in [&["put", &action, file.to_str().expect("UTF-8")][..], &["serve"], &["push"]] {
        let mut command = store.command(&larder);
        Ran::of(command.args(args).env("LARDER_SIGNING_KEY", &key)).says(2, says);
    }
    // Who writes nothing needs no key.
    let mut get = store.command(&larder);
    Ran::of(get.args(["get", &action]).env("LARDER_SIGNING_KEY", &key)).says(1, ["no entry"]);
}

/// What a wrong variable holds may be the key itself.
#[test]
fn no_message_has_the_key_in_it() {
    let store = Store::new();
    let larder = Larder::new();
    let (key, _) = key_pair(&larder, "key");
    let secret = fs::read_to_string(&key).expect("a key file");
    let secret = secret.trim();
    let digits = secret.split(' ').nth(1).expect("digits");
    for (variable, value) in [("LARDER_SIGNING_KEY", secret), ("LARDER_TRUSTED_KEYS", secret)] {
        let mut env = store.command(&larder);
        let ran = Ran::of(env.arg("env").env(variable, value));
        ran.says(2, [variable, "***"]);
        assert!(!ran.stderr.contains(digits), "{}", ran.stderr);
    }
    let mut env = store.command(&larder);
    let ran = Ran::of(env.args(["env", "-vvv"]).env("LARDER_SIGNING_KEY", &key));
    assert!(!ran.text().contains(digits) && !ran.stderr.contains(digits));
}
