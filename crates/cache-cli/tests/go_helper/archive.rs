//! `go build -o` of an archive: the go command copies it out of its own directory, and *moves* it
//! out of any other. Nothing may leave the store.

use crate::go::{By, Place};

fn an_archive_is_copied(place: &Place) {
    place.file("lib/lib.go", "package lib\n\nfunc Answer() int { return 42 }\n");
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
    assert_eq!(place.outputs(), outputs, "something left the store");
    place.is_sound();
    assert_eq!(place.run(By::Go, build).work(), [] as [&str; 0]);
    assert!(archive() == bytes, "the archive that plain go gives differs");
    assert_eq!(place.outputs(), outputs);
}

#[test]
fn an_archive_is_copied_out_of_the_store() {
    an_archive_is_copied(&Place::filled_by_go());
}

#[test]
fn an_archive_is_copied_out_of_the_store_behind_a_symbolic_link() {
    an_archive_is_copied(&Place::filled_by_go().called("link to the cache"));
}
