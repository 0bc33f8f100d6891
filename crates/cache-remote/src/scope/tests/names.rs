//! One name for a repository.

use proptest::prelude::*;

use crate::scope::remote_url::name;

#[track_caller]
fn is_named(url: &str, expected: &str) {
    assert_eq!(name(url).as_deref(), Some(expected), "{url}");
}

#[test]
fn a_repository_has_one_name_however_it_is_reached() {
    for url in [
        "https://github.com/owner/project.git",
        "https://github.com/owner/project",
        "https://github.com/owner/project/",
        "http://GitHub.com:8080//owner/project.git/",
        "https://someone@github.com/owner/project",
        "https://x-access-token:ghs_secret@github.com/owner/project.git",
        "https://github.com/owner/project.git?access_token=secret#x",
        "git@github.com:owner/project.git",
        "github.com:/owner/project",
        "ssh://git@github.com/owner/project.git",
        "ssh://git@github.com:2222/owner/project.git",
        "git+ssh://git@github.com/owner/project.git",
        "git://github.com/owner/project",
        " https://github.com/owner/project.git\n",
    ] {
        is_named(url, "github.com/owner/project");
    }
}

#[test]
fn a_repository_on_this_machine_has_the_name_of_its_folder() {
    for url in [
        "/srv/git/project.git",
        "/home/someone/project",
        "/home/someone/project/.git",
        "/home/someone/project/.git/",
        "../project.git/",
        "project",
        "./colon:in/project",
        "file:///srv/git/project.git",
        "C:\\src\\project",
        "C:/src/project.git",
    ] {
        is_named(url, "project");
    }
}

#[test]
fn unusual_addresses_have_names_too() {
    is_named("[::1]:team/project.git", "[::1]/team/project");
    is_named("git@[fe80::1]:team/project.git", "[fe80::1]/team/project");
    is_named("ssh://git@[fe80::1]:22/team/project.git", "[fe80::1]/team/project");
    is_named("host:~someone/project.git", "host/~someone/project");
    is_named("codecommit::eu-west-1://profile@project", "project");
    is_named("https://host", "host");
    for nothing in ["", "/", ".", "..", "https://", ".git", "file://"] {
        assert_eq!(name(nothing), None, "{nothing}");
    }
}

#[test]
fn a_password_that_was_not_escaped_is_left_out() {
    for url in [
        "https://user:secret@host/owner/project",
        "https://user:sec@secret@host/owner/project",
        "https://user:x/secret@host/owner/project",
        "user:secret@host:owner/project",
        "ssh://user:secret@host:22/owner/project",
    ] {
        let name = name(url).unwrap();
        assert!(!name.contains("secret"), "{url} is {name}");
        assert!(name.ends_with("project"), "{url} is {name}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_name_or_none(url in "\\PC{0,40}", marks in "[/:@.\\[\\]?#\\\\ab]{0,20}") {
        for url in [&url, &marks, &format!("https://{marks}"), &format!("{marks}.git/")] {
            let named = name(url);
            prop_assert_ne!(named.as_deref(), Some(""));
        }
    }

    #[test]
    fn no_secret_and_no_suffix_is_in_a_name(
        scheme in "https?|ssh|git",
        user in "[a-z]{1,8}",
        secret in "[A-Z0-9_%:@-]{6,30}",
        host in "[a-z]{1,9}\\.[a-z]{2,3}",
        port in proptest::option::of(1..9999u16),
        path in "[a-z]{1,9}/[a-z]{1,9}",
        end in "(\\.git)?/?",
    ) {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let url = format!("{scheme}://{user}:{secret}@{host}{port}/{path}{end}");
        prop_assert_eq!(name(&url), Some(format!("{host}/{path}")));
    }
}
