//! What OpenDAL is given for an address.

use std::collections::BTreeMap;

use crate::store::address::Address;
use crate::store::scheme::Scheme;
use crate::store::{Store, StoreOptions, StoreProblem};

/// The scheme and the options for `uri`, with these variables set.
fn given(uri: &str, variables: &[(&str, &str)]) -> Result<(Scheme, String), String> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let address = Address::parse(uri, &|name| variables.get(name).map(ToString::to_string))?;
    let options: Vec<_> = address.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
    Ok((address.scheme, options.join(" ")))
}

/// What OpenDAL is given for `uri` without any variable.
fn options(uri: &str) -> String {
    given(uri, &[]).unwrap().1
}

fn problem(uri: &str) -> String {
    given(uri, &[]).unwrap_err()
}

#[test]
fn a_bucket_has_its_name_and_prefix_in_the_address() {
    assert_eq!(
        options("s3://builds/team/go?region=eu-central-1&endpoint=https://s3.example.com"),
        "bucket=builds endpoint=https://s3.example.com region=eu-central-1 root=team/go"
    );
    assert_eq!(options("s3://builds?region=garage"), "bucket=builds region=garage");
    assert_eq!(
        options("gcs://builds/team/?credential_path=/etc/key.json"),
        "bucket=builds credential_path=/etc/key.json root=team"
    );
}

#[test]
fn the_variables_of_amazon_say_where_a_bucket_is() {
    let variables = [
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://everything:1"),
        ("AWS_ENDPOINT_URL_S3", "http://s3:2"),
    ];
    let (_, options) = given("s3://builds", &variables).unwrap();
    assert_eq!(options, "bucket=builds endpoint=http://s3:2 region=eu-west-1");

    let (_, options) = given("s3://builds?region=garage&endpoint=http://own", &variables).unwrap();
    assert_eq!(options, "bucket=builds endpoint=http://own region=garage");

    let error = given("s3://builds?disable_config_load=true", &variables).unwrap_err();
    assert_eq!(error, "it names no region: add ?region=NAME, or set AWS_REGION");
}

#[test]
fn azure_has_the_account_in_an_option_or_a_variable() {
    assert_eq!(
        options("azblob://builds/go?account_name=team"),
        "account_name=team container=builds endpoint=https://team.blob.core.windows.net root=go"
    );
    let (_, from_variable) =
        given("azblob://builds", &[("AZURE_STORAGE_ACCOUNT_NAME", "team")]).unwrap();
    assert_eq!(
        from_variable,
        "account_name=team container=builds endpoint=https://team.blob.core.windows.net"
    );
    assert_eq!(
        options("azblob://builds?endpoint=http://127.0.0.1:10000/dev"),
        "container=builds endpoint=http://127.0.0.1:10000/dev"
    );
    assert!(problem("azblob://builds").contains("AZURE_STORAGE_ACCOUNT_NAME"));
}

#[test]
fn redis_has_the_password_the_database_and_a_prefix_in_the_address() {
    assert_eq!(
        options("redis://:p%40ss%2Fword@cache.example.com:6380/2/team/go"),
        "db=2 endpoint=redis://cache.example.com:6380 password=p@ss/word root=team/go"
    );
    assert_eq!(
        options("rediss://ci:secret@cache.example.com/go"),
        "endpoint=rediss://cache.example.com password=secret root=go username=ci"
    );
    assert_eq!(
        options("redis://[::1]:6379?default_ttl=168h&connection_pool_max_size=4"),
        "connection_pool_max_size=4 default_ttl=168h endpoint=redis://[::1]:6379"
    );
    assert_eq!(
        options("redis:///1?cluster_endpoints=redis://a:1,redis://b:2"),
        "cluster_endpoints=redis://a:1,redis://b:2 db=1"
    );
    assert!(problem("redis:///1").contains("no host"));
    assert!(problem("redis://h?connection_pool_max_size=0").contains("above 0"));
}

#[test]
fn webdav_is_https_unless_it_says_http() {
    assert_eq!(
        options("webdav://ci:s%3Acret@dav.example.com/caches/go"),
        "endpoint=https://dav.example.com password=s:cret root=caches/go username=ci"
    );
    assert_eq!(
        options("webdav+http://127.0.0.1:8080/go?disable_create_dir=true"),
        "disable_create_dir=true endpoint=http://127.0.0.1:8080 root=go"
    );
}

#[test]
fn a_folder_is_written_to_by_way_of_another_in_it() {
    assert_eq!(
        options("fs:///srv/build%20cache"),
        "atomic_write_dir=/srv/build cache/.larder-unfinished root=/srv/build cache"
    );
    assert!(problem("fs://srv/cache").contains("fs:///FOLDER"));
    assert!(problem("fs:///").contains("fs:///FOLDER"));
}

#[test]
fn the_cache_of_github_actions_needs_nothing_in_the_address() {
    assert_eq!(options("ghac://"), "version=larder");
    assert_eq!(options("ghac:///go"), "root=go version=larder");
    assert_eq!(
        options("ghac://actions.example.com/go?version=2"),
        "endpoint=https://actions.example.com/ root=go version=2"
    );
}

#[test]
fn an_unknown_scheme_is_answered_with_those_that_there_are() {
    let error = problem("s4://builds");
    assert_eq!(
        error,
        "no store has this scheme; there are s3://, gcs://, azblob://, redis://, rediss://, \
         webdav://, webdav+http://, fs://, ghac://"
    );
    assert!(problem("/srv/cache").contains("scheme"));
    assert!(problem("").contains("scheme"));
}

#[test]
fn an_unknown_option_is_answered_with_those_that_there_are() {
    let error = problem("s3://builds?regoin=eu");
    assert!(
        error.starts_with("s3:// has no option \"regoin\"; it has region, endpoint"),
        "{error}"
    );
    // What the address says in another place is no option.
    assert!(problem("s3://builds?bucket=b").contains("no option"));
    assert!(problem("fs:///srv?root=/").contains("no option"));
    // Nor is what OpenDAL only still takes.
    assert!(problem("s3://builds?allow_anonymous=true").contains("no option"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    assert!(problem("s3://?region=r").contains("names no bucket"));
    assert!(problem("s3://builds:9000/x?region=r").contains("no port"));
    assert!(problem("s3://key:secret@builds?region=r").contains("before the @"));
    assert!(problem("redis://:pa#ss@host").contains("%23"));
    assert!(problem("redis://user:12/34@host").contains("%2F"));
    assert!(problem("redis://host:99999").contains("port"));
}

#[test]
fn every_kind_is_made_by_opendal_from_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let uris = [
        ("s3://builds/go?region=r&access_key_id=k&secret_access_key=s".into(), "builds"),
        ("gcs://builds/go?token=t".into(), "builds"),
        ("azblob://builds/go?account_name=team&account_key=c2VjcmV0".into(), "builds"),
        ("redis://:pw@127.0.0.1:1/3/go".into(), "redis://127.0.0.1:1"),
        ("rediss://127.0.0.1:1/go".into(), "rediss://127.0.0.1:1"),
        ("webdav+http://ci:pw@127.0.0.1:1/go".into(), ""),
        ("ghac://127.0.0.1/go?runtime_token=t".into(), ""),
        (format!("fs://{}/go", folder.path().display()), ""),
    ];
    for (uri, name) in uris {
        let store = Store::open(&uri, &StoreOptions::default()).unwrap();
        let info = store.inner.reads.info();
        assert!(info.root().trim_end_matches('/').ends_with("/go"), "{uri}: {}", info.root());
        if !name.is_empty() {
            assert_eq!(info.name(), name, "{uri}");
        }
    }
}

#[test]
fn a_value_that_the_service_does_not_take_is_said_without_it() {
    for uri in [
        "s3://builds?region=r&disable_ec2_metadata=perhaps",
        "azblob://builds?account_name=team&account_key=not*base64",
        "redis://127.0.0.1?default_ttl=never",
    ] {
        let error = Store::open(uri, &StoreOptions::default()).unwrap_err();
        assert!(matches!(error.problem(), StoreProblem::Address(_)), "{error}");
        assert!(!error.to_string().contains("not*base64"), "{error}");
        assert!(!error.is_temporary());
    }
}
