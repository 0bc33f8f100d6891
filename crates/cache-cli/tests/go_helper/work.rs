//! What developers do all day: vet, test, and two things at once.

use std::process::Stdio;

use crate::go::{By, Place, Told};
use crate::support::Ran;

/// Packages whose vetting needs that of most of the standard library below them.
const VETTED: &str = "vet -x encoding/... net/url text/template go/types";

#[test]
fn vet_looks_at_a_package_once() {
    let place = Place::filled_by_go();
    let first = place.run(By::Larder, VETTED);
    assert!(!first.work().is_empty());
    // Go before 1.25 vets the packages that are named again and again; nothing below them.
    let (second, plain) = (place.run(By::Larder, VETTED), place.run(By::Go, VETTED));
    assert_eq!(second.work().len(), plain.work().len(), "{:?}", second.work());
    assert!(second.work().len() < first.work().len());
    place.is_sound();
}

#[test]
fn a_test_that_passed_is_cached_until_go_clean_forgets_it() {
    let place = Place::filled_by_go();
    place.file("sum/sum.go", "package sum\n\nfunc Sum(a, b int) int { return a + b }\n");
    place.file(
        "sum/sum_test.go",
        "package sum\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(2, 2) != 4 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n",
    );
    let is_cached = |told: &Told| {
        assert!(told.stdout.starts_with("ok  \texample.test/sum\t"), "{}", told.stdout);
        told.stdout.contains("(cached)")
    };
    assert!(!is_cached(&place.run(By::Larder, "test ./...")));
    let again = place.run(By::Larder, "test -x ./...");
    assert!(is_cached(&again));
    let plain = place.run(By::Go, "test -x ./...");
    assert!(is_cached(&plain), "plain go knows the result as well");
    assert_eq!(again.work().len(), plain.work().len(), "{:?}", again.work());

    place.run(By::Larder, "clean -testcache");
    assert!(!is_cached(&place.run(By::Larder, "test ./...")));
    assert!(is_cached(&place.run(By::Larder, "test ./...")));
    place.run(By::Go, "clean -testcache");
    assert!(!is_cached(&place.run(By::Larder, "test ./...")));
    place.is_sound();
}

#[test]
fn two_builds_at_once_share_a_directory() {
    let place = Place::empty();
    place.file("main.go", "package main\n\nimport _ \"encoding/json\"\n\nfunc main() {}\n");
    let build = |name: &str| {
        let mut build = place.go(By::Larder);
        build.args(["build", "-o"]).arg(place.path(name)).arg(".");
        build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("go")
    };
    let builds = [("one", build("one")), ("two", build("two"))];
    for (name, build) in builds {
        let ran = Ran::from(build.wait_with_output().expect("a build"));
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        Told { stdout: ran.text(), stderr: ran.stderr }.tally();
    }
    let program = |name: &str| std::fs::read(place.path(name)).expect("a program");
    assert!(program("one") == program("two"), "the two programs differ");
    place.is_sound();
    place.run(By::Larder, "build -x encoding/json").is_all_cached();
}
