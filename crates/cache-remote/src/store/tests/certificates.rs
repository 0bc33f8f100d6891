//! A system without root certificates, as small containers are.

use std::env;
use std::process::Command;

use crate::store::{Store, StoreOptions};

/// Set in the process that finds none.
const CHILD: &str = "LARDER_TEST_CERTIFICATES_CHILD";

#[test]
fn without_root_certificates_https_is_an_error_and_http_is_not() {
    // In a process of its own: where they are is in its environment.
    if env::var_os(CHILD).is_some() {
        return opens_both();
    }
    let test = "store::tests::certificates::\
                without_root_certificates_https_is_an_error_and_http_is_not";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test])
        .env(CHILD, "1")
        .env("SSL_CERT_FILE", "/dev/null")
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn opens_both() {
    let open = |uri: &str| Store::open(uri, &StoreOptions::default());
    open("s3://builds?region=r&endpoint=http://127.0.0.1:1").unwrap();
    open("webdav+http://127.0.0.1:1/go").unwrap();
    for uri in ["s3://builds?region=r", "webdav://127.0.0.1:1/go", "gcs://builds"] {
        let error = open(uri).unwrap_err();
        assert!(error.to_string().contains("ca-certificates"), "{error}");
    }
}
