//! The store that is named: reached, refused, silent; and the keys for it.

use std::fs;
use std::time::{Duration, Instant};

use test_stores::s3::uri_at;
use test_stores::{Fault, Line, Nobody, Proxy, S3Server};

use crate::cache;
use crate::examined::Examined;
use crate::support::Larder;
use crate::support::store::Store;
use crate::support::unprivileged::set_mode;

/// What no test takes that does not hang.
const BOUNDED: Duration = Duration::from_secs(60);

fn with_store(larder: &Larder, uri: &str, variables: &[(&str, &str)]) -> Examined {
    let mut doctor = larder.command();
    doctor.env("LARDER_REMOTE", uri).envs(variables.iter().copied()).arg("doctor");
    Examined::of(&mut doctor)
}

#[test]
fn a_store_that_answers_is_fine_and_nothing_is_written_to_it() {
    let (larder, server) = (cache(), S3Server::start());
    let found = with_store(&larder, &server.uri("go"), &[]);
    found.fine("store", ["s3://builds/go", "(LARDER_REMOTE) answers in", "read-write"]);
    found.fine("keys", ["uploads are not signed", "everybody's results are taken"]);
    let requests = server.requests();
    assert!(requests.len() == 1 && requests[0].starts_with("GET "), "{requests:?}");
    assert!(!larder.dir().join("larder/uploads").exists());

    let mut doctor = larder.command();
    let found = Examined::of(doctor.arg("doctor").arg("--remote").arg(server.uri("other")));
    found.fine("store", ["s3://builds/other", "(--remote)"]);
    let none = Examined::of(larder.command().arg("doctor"));
    none.fine("store", ["none"]);
    assert!(!none.names().contains(&"keys"));
}

#[test]
fn one_that_cannot_be_reached_or_refuses_is_wrong_and_no_secret_is_told() {
    let (larder, server) = (cache(), S3Server::start());
    let nobody = Nobody::somewhere();
    let found = with_store(&larder, &uri_at(nobody.addr(), "go", "the-secret"), &[]);
    let (text, _) = found.wrong("store", ["cannot be reached", "builds go on without the store"]);
    assert!(!text.contains("the-secret"), "{text}");

    let uri = uri_at(server.addr(), "go", "another-secret");
    let found = with_store(&larder, &uri, &[]);
    let (text, _) = found.wrong("store", ["refuses access", "credentials", "s3:ListBucket"]);
    assert!(!text.contains("another-secret"), "{text}");
    let found = with_store(&larder, &uri, &[("LARDER_REMOTE_ACCESS", "write-only")]);
    found.fine("store", ["may not be read, which it need not: write-only"]);
}

#[test]
fn one_that_never_answers_is_waited_for_as_long_as_was_said() {
    let (larder, server) = (cache(), S3Server::start());
    let proxy = Proxy::start(server.addr(), Line::HERE);
    proxy.set(Fault::Hang);
    let begun = Instant::now();
    let mut doctor = larder.command();
    doctor.env("LARDER_REMOTE", server.uri_by(&proxy, "")).args(["doctor", "--wait", "500ms"]);
    let found = Examined::of(&mut doctor);
    found.wrong("store", ["it did not answer", "check the address and the network"]);
    assert!(begun.elapsed() < BOUNDED, "{:?}", begun.elapsed());
}

#[test]
fn a_wrong_address_is_to_be_corrected() {
    let larder = cache();
    for (uri, says) in [
        ("ftp://host/path", "no store has this scheme"),
        ("s3://bucket/prefix?region=x&nonsense=1", "no option \"nonsense\""),
    ] {
        let found = with_store(&larder, uri, &[]);
        found.wrong("store", [says, "correct LARDER_REMOTE, or set it to off"]);
    }
}

#[test]
fn a_shared_folder_that_is_not_there_may_not_be_mounted() {
    let (larder, store) = (cache(), Store::new());
    let found = with_store(&larder, &store.uri(), &[]);
    let path = store.path();
    found.warning("store", [path.to_str().expect("UTF-8"), "is not there", "mounted"]);
    assert!(!path.exists());
    fs::create_dir(&path).expect("a folder");
    with_store(&larder, &store.uri(), &[]).fine("store", ["answers in"]);
    assert_eq!(fs::read_dir(&path).expect("the folder").count(), 0);
}

#[test]
fn a_helper_and_a_store_are_one_too_many() {
    let (larder, store) = (cache(), Store::new());
    let found = with_store(&larder, &store.uri(), &[("LARDER_PROG", "false")]);
    let says =
        ["a helper (LARDER_PROG) and a store (LARDER_REMOTE) are named", "set the other to off"];
    found.wrong("store", says);
}

#[test]
fn keys_that_cannot_do_what_they_are_for_are_told_of() {
    let (larder, store) = (cache(), Store::new());
    fs::create_dir(store.path()).expect("a folder");
    let pair = |name: &str| {
        let path = larder.path(name);
        let public = larder.run(["-q", "key-pair", "-o", path.to_str().expect("UTF-8")]).ok();
        (path, public.trim().to_owned())
    };
    let (path, public) = pair("key");
    let (_, other) = pair("another-key");
    let file = path.to_str().expect("UTF-8");
    let with = |variables: &[(&str, &str)]| with_store(&larder, &store.uri(), variables);

    let (signing, trusted) = ("LARDER_SIGNING_KEY", "LARDER_TRUSTED_KEYS");
    let both = format!("{public},{other}");
    let found = with(&[(signing, file), (trusted, &both)]);
    found.fine("keys", ["signed with the key", "(LARDER_SIGNING_KEY)", "2 keys are trusted"]);
    let found = with(&[(signing, file), (trusted, &other)]);
    found.warning("keys", ["not among the trusted ones", "add its public key", trusted]);

    set_mode(&path, 0o644);
    let found = with(&[(signing, file)]);
    found.wrong("keys", [file, "0644", "chmod 600"]);
    found.fine("store", ["answers in"]);
    fs::remove_file(&path).expect("the key");
    with(&[(signing, file)]).wrong("keys", [file, "cannot be read", "larder key-pair"]);
    // Who writes nothing signs nothing.
    with(&[(signing, file), ("LARDER_REMOTE_ACCESS", "read-only")]).fine("keys", ["everybody's"]);
}
