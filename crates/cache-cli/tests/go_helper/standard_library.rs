//! The standard library, built once and never again, whoever keeps the cache.

use crate::go::{By, Place};
use crate::support::bare;

#[test]
fn what_was_built_through_larder_is_there_for_larder_and_for_plain_go() {
    let place = Place::empty();
    let first = place.run(By::Larder, "build -x std");
    assert!(!first.work().is_empty());
    let tally = first.tally();
    // Go 1.24 asks for 349 things, 1.27 for 767.
    assert!(tally.misses > 200 && tally.puts > 200, "{tally:?}");

    place.run(By::Larder, "build -x std").is_all_cached();
    let plain = place.run(By::Go, "build -x std");
    assert_eq!(plain.work(), [] as [&str; 0]);
    place.run(By::Larder, "build -x std").is_all_cached();
    place.is_sound();
}

#[test]
fn a_program_is_the_same_byte_for_byte() {
    let (by_larder, by_go) = (Place::empty(), Place::filled_by_go());
    for (place, by) in [(&by_larder, By::Larder), (&by_go, By::Go)] {
        place.file("main.go", PROGRAM);
        place.run(by, "build -trimpath -o ../program .");
        let told = place.run(by, "run -trimpath .");
        assert_eq!(told.stdout, "{\"answer\":42} 404\n");
    }
    let program = |place: &Place| std::fs::read(place.path("program")).expect("the program");
    assert!(program(&by_larder) == program(&by_go), "the two programs differ");
    let again = by_larder.run(By::Larder, "build -x -trimpath -o ../again .");
    let compiled = again.work().into_iter().filter(|line| !line.contains("/link "));
    assert_eq!(
        compiled.collect::<Vec<_>>(),
        [] as [&str; 0],
        "only the linker's output is not kept"
    );
    let again = std::fs::read(by_larder.path("again")).expect("the program");
    assert!(again == program(&by_go), "the program out of the cache differs");
    let ran = bare(by_larder.path("again")).output().expect("the program");
    assert_eq!(ran.stdout, b"{\"answer\":42} 404\n");
}

const PROGRAM: &str = r#"package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func main() {
	answer, err := json.Marshal(map[string]int{"answer": 42})
	fmt.Println(string(answer), http.StatusNotFound)
	if err != nil {
		panic(err)
	}
}
"#;

#[test]
fn what_plain_go_built_is_served_without_a_miss_from_the_first_run() {
    let place = Place::filled_by_go();
    place.run(By::Larder, "build -x std").is_all_cached();
    place.is_sound();
}
