//! A secret never gets out: a process that has them planted everywhere, and in which everything
//! fails that can, says all it has to say, and none of them is in it.

use std::env;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::store::{Pace, Store, StoreOptions, masked_uri};
use test_stores::s3::{BUCKET, uri_at};
use test_stores::{Nobody, S3Server};

/// The planted secrets. All have this in them.
const PLANTED: &str = "pl4nt3d";

/// Set in the process that has them.
const CHILD: &str = "LARDER_TEST_SECRETS_CHILD";

#[test]
fn no_secret_is_ever_shown() {
    // In a process of its own: some are in its environment.
    if env::var_os(CHILD).is_some() {
        return says_all_it_has_to_say();
    }
    let test = "store::tests::secrets::no_secret_is_ever_shown";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .env("AWS_SECRET_ACCESS_KEY", "pl4nt3d-in-the-environment")
        .env("AWS_ACCESS_KEY_ID", "AKpl4nt3d")
        .env("AWS_SESSION_TOKEN", "pl4nt3d-session")
        .env("AZURE_STORAGE_ACCOUNT_KEY", "cGw0bnQzZA==pl4nt3d")
        .env("ACTIONS_RUNTIME_TOKEN", "pl4nt3d-runtime-token")
        .env("SOME_PASSWORD", "pl4nt3d-password")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    // It did say something: shown stores, errors, and the log.
    for expected in
        ["Store(", "access_key_id=***", "cannot read", "StoreError {", "trying again", "TRACE"]
    {
        assert!(said.contains(expected), "{expected:?} is missing in: {said}");
    }
    for line in said.lines() {
        assert!(!line.contains(PLANTED), "{line}");
    }
}

fn says_all_it_has_to_say() {
    // Everything but what the server logs, which is no part of this.
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr))
        .with(filter_fn(|event| !event.target().starts_with("s3s")))
        .init();
    let server = S3Server::start();
    let kept = Nobody::somewhere();
    let nobody = kept.addr();
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("endpoint=http://{}&region=us-east-1", server.addr());
    let uris = [
        // It refuses them, wherever they come from.
        uri_at(server.addr(), "go", "pl4nt3d-in-the-query"),
        format!("s3://{BUCKET}/go?{endpoint}&disable_ec2_metadata=true"),
        // Nobody is there.
        uri_at(nobody, "go", "pl4nt3d%2Fin%2Fthe%20query"),
        format!("redis://ci:pl4nt3d%40password@{nobody}/1/go"),
        format!("redis://:pl4nt3d@{nobody}"),
        format!("webdav+http://ci:pl4nt3d@{nobody}/go"),
        format!("webdav+http://{nobody}/go?token=pl4nt3d-token"),
        format!(
            "azblob://c/go?endpoint=http://{nobody}&account_name=a&sas_token=sv%3D1%26sig%3Dpl4nt3d"
        ),
        format!("azblob://c/go?endpoint=http://{nobody}&account_name=a"),
        format!("gcs://b/go?endpoint=http://{nobody}&token=pl4nt3d-token"),
        format!("ghac://{nobody}/go"),
        // A server that speaks something else.
        format!("redis://ci:pl4nt3d@{}/1/go", server.addr()),
        format!("webdav+http://ci:pl4nt3d@{}/go", server.addr()),
        format!(
            "azblob://c/go?endpoint=http://{}&account_name=a&sas_token=sig%3Dpl4nt3d",
            server.addr()
        ),
        // Addresses that make no sense.
        "s3://key:pl4nt3d@b/go?region=r".into(),
        "s3://b?region=r&secert_access_key=pl4nt3d".into(),
        "s3://b?region=r&secret_access_key=pl4nt3d&skip_signature=perhaps".into(),
        "azblob://c?account_name=a&account_key=pl4nt3d*".into(),
        "redis://:pl4n#t3d-pl4nt3d@host".into(),
        "redis://u:1/pl4nt3d@host".into(),
        "redis://pl4nt3d:99999".into(),
        "pl4nt3d".into(),
        format!("fs://{}?atomic_write_dir=/proc/none&nonsense=pl4nt3d", folder.path().display()),
    ];
    let soon = Duration::from_millis(200);
    let options = StoreOptions {
        connect_timeout: soon,
        read_timeout: soon,
        write_timeout: soon,
        tries: 2,
        ..Default::default()
    };
    thread::scope(|scope| {
        for uri in &uris {
            scope.spawn(|| say_all(uri, &options));
        }
    });
}

/// Shows the store at `uri` and everything that goes wrong with it.
fn say_all(uri: &str, options: &StoreOptions) {
    println!("{}", masked_uri(uri));
    let store = match Store::open(uri, options) {
        Ok(store) => store,
        Err(error) => return println!("{error} {error:?} {error:#?}"),
    };
    println!("{store} {store:?} {store:#?}");
    let key = "larder-v1/a/ab/abcdef";
    let errors = store.block_on(async {
        [
            store.read(key, 100, Pace::LOOKUP).await.err(),
            store.exists(key).await.err(),
            store.write(key, vec![1]).await.err(),
            store.remove(key).await.err(),
            store.list("larder-v1/").await.err(),
        ]
    });
    for error in errors.iter().flatten() {
        println!("{error} {error:?} {error:#?}");
    }
}
