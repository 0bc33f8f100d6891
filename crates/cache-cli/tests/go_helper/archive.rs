//! `go build -o` of an archive: the go command copies it out of its own directory, and *moves* it
//! out of any other. Nothing may leave the store.

use std::path::PathBuf;

use crate::go::{By, Place};

fn an_archive_is_copied(place: &Place) {
    // Another package for each cache, so that the first build has something to do.
    let source = format!("package lib\n\nfunc Where() string {{ return {:?} }}\n", place.cache());
    place.file("lib/lib.go", &source);
    // Not with plain go: it does move files out of a directory that is spelled oddly.
    let build = "build -x -buildmode=archive -o ../x.a ./lib";
    let archive = || {
        let path = place.path("x.a");
        let bytes = std::fs::read(&path).expect("the archive");
        std::fs::remove_file(path).expect("the archive");
        bytes
    };
    let first = place.run(By::Larder, build);
    assert!(!first.work().is_empty());
    let (bytes, outputs) = (archive(), place.outputs());
    assert!(bytes.starts_with(b"!<arch>\n"), "{:?}", bytes.get(..20));

    let second = place.run(By::Larder, build);
    second.is_all_cached();
    assert!(archive() == bytes, "the archive out of the cache differs");
    assert_eq!(missing(place, &outputs), [] as [&PathBuf; 0], "it has left the store");
    place.is_sound();
}

fn missing<'a>(place: &Place, outputs: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let now = place.outputs();
    outputs.iter().filter(|output| !now.contains(output)).collect()
}

#[test]
fn an_archive_is_copied_out_of_the_store() {
    an_archive_is_copied(&Place::filled_by_go());
}

#[test]
fn an_archive_is_copied_out_of_the_store_behind_a_symbolic_link() {
    let place = Place::filled_by_go();
    let link = place.path("link to the cache");
    std::os::unix::fs::symlink(place.cache(), &link).expect("a symbolic link");
    an_archive_is_copied(&place.spelled(link));
}

#[test]
fn an_archive_is_copied_out_of_the_store_however_it_is_spelled() {
    let mut place = Place::filled_by_go();
    for spelling in ["cache/", "./cache", "/cache", "module/../cache", "cache//.//"] {
        // As text: a path would be put together without what is spelled oddly.
        let dir = format!("{}/{spelling}", place.path("").display());
        place = place.spelled(dir);
        an_archive_is_copied(&place);
    }
}
