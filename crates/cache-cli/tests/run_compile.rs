//! `larder run` around a real compiler, and what `--explain` says of it.

#![cfg(unix)]

mod project;
mod support;

use std::path::Path;
use std::process::Command;

use project::Project;
use support::{Larder, Ran};

const SOURCES: [&str; 3] = ["main", "list", "text"];

/// A checkout of a small C program.
fn checkout(larder: &Larder, name: &str) {
    let files = [
        (
            "src/main.c",
            "#include <stdio.h>\n#include \"list.h\"\nint main(void) { printf(\"%s %d\\n\", __FILE__, length()); return 0; }\n",
        ),
        (
            "src/list.c",
            "#include \"list.h\"\n#include \"text.h\"\nint length(void) { return LENGTH + text(); }\n",
        ),
        ("src/text.c", "#include \"text.h\"\nint text(void) { return 1; }\n"),
        ("include/list.h", "#define LENGTH 41\nint length(void);\n"),
        ("include/text.h", "int text(void);\n"),
        (".git/HEAD", name),
    ];
    for (file, text) in files {
        let path = larder.path(name).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Builds a checkout in the folder `src` of it; returns what each step ended with.
fn build(larder: &Larder, name: &str, flags: &[&str]) -> Vec<Ran> {
    let step = |args: &[&str]| {
        let mut command = larder.command();
        command.arg("run").args(flags).args(args).current_dir(larder.path(name).join("src"));
        Ran::of(command.env("LC_ALL", "C"))
    };
    let mut steps = Vec::new();
    for source in SOURCES {
        let (c, o) = (format!("{source}.c"), format!("../build/{source}.o"));
        steps.push(step(&[
            "--input",
            &c,
            "--input",
            "../include/*.h",
            "--output",
            &o,
            "--name",
            source,
            "--",
            "gcc",
            "-O1",
            "-I../include",
            "-c",
            &c,
            "-o",
            &o,
        ]));
    }
    let objects = SOURCES.map(|source| format!("../build/{source}.o"));
    let mut link = vec!["--output", "../build/program", "--name", "link"];
    for object in &objects {
        link.extend(["--input", object]);
    }
    link.extend(["--", "gcc", "-o", "../build/program"]);
    link.extend(objects.iter().map(|object| &**object));
    steps.push(step(&link));
    for step in &steps {
        assert_eq!(step.code, Some(0), "{}", step.stderr);
    }
    steps
}

fn replays(steps: Vec<Ran>) -> Vec<bool> {
    steps.into_iter().map(|step| step.stderr.contains("larder: replayed")).collect()
}

fn program(larder: &Larder, name: &str) -> String {
    Ran::of(&mut Command::new(larder.path(name).join("build/program"))).ok()
}

#[test]
fn a_second_checkout_compiles_nothing() {
    let larder = Larder::new();
    for name in ["first", "a/second one"] {
        checkout(&larder, name);
        std::fs::create_dir(larder.path(name).join("build")).unwrap();
    }
    assert_eq!(replays(build(&larder, "first", &[])), [false; 4]);
    assert_eq!(program(&larder, "first"), "main.c 42\n");
    assert_eq!(replays(build(&larder, "a/second one", &[])), [true; 4]);
    assert_eq!(program(&larder, "a/second one"), "main.c 42\n");

    // A new time and no other bytes.
    let header = larder.path("first").join("include/list.h");
    let touched = Command::new("touch").arg(&header).status().unwrap();
    assert!(touched.success());
    assert_eq!(replays(build(&larder, "first", &[])), [true; 4]);

    // One byte of a declared header.
    let text = std::fs::read_to_string(&header).unwrap();
    std::fs::write(&header, text.replace("41", "43")).unwrap();
    let steps = build(&larder, "first", &["--explain"]);
    for (source, step) in SOURCES.iter().zip(&steps) {
        let expected =
            format!("larder: miss: 1 thing changed since the last run of \"{source}\", ");
        let lines: Vec<&str> = step.stderr.lines().collect();
        assert!(
            lines[0].starts_with(&expected)
                && (lines[0].ends_with("ago") || lines[0].ends_with("just now")),
            "{lines:?}"
        );
        assert_eq!(lines[1], "  input  include/list.h  contents changed");
        assert!(lines[2].ends_with("and stored"), "{lines:?}");
    }
    assert_eq!(program(&larder, "first"), "main.c 44\n");
    // Only list.o and main.o have what changed in them; either way the other checkout is as it was.
    assert_eq!(replays(build(&larder, "a/second one", &[])), [true; 4]);
    assert_eq!(program(&larder, "a/second one"), "main.c 42\n");
}

#[test]
fn explanations_name_what_changed() {
    let project = Project::new();
    project.write("src/a.h", "1");
    let run = |flags: &[&str], script: &str, level: &str| {
        let all =
            [&["--explain", "--name", "it", "--env", "LEVEL", "--input", "src"], flags].concat();
        let ran = Ran::of(project.command(&all, script).env("LEVEL", level));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let lines =
            ran.stderr.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let lines: Vec<String> = lines.collect();
        lines[..lines.len() - 1].join("|")
    };
    let first = run(&[], "true", "1");
    assert_eq!(first, "larder: miss: this is the first run of \"it\" that this cache knows of");
    assert_eq!(run(&[], "true", "1"), "", "a hit needs no explanation");
    for (explanation, part) in [
        (run(&[], "true", "2"), "env LEVEL \"1\" became \"2\""),
        (run(&[], "true; true", "2"), "argument 2 \"true\" became \"true; true\""),
        (run(&["--output", "in.txt"], "true; true", "2"), "output in.txt is declared now"),
    ] {
        assert!(
            explanation.starts_with("larder: miss: 1 thing changed since the last run of \"it\", "),
            "{explanation}"
        );
        assert!(explanation.ends_with(&format!("|{part}")), "{part}: {explanation}");
    }
    project.write("src/b.h", "2");
    let added = run(&["--output", "in.txt"], "true; true", "2");
    assert!(added.ends_with("|input src/b.h added"), "{added}");
    project.remove("src/b.h");
    // A hit moves what the next run is compared with.
    assert_eq!(run(&["--output", "in.txt"], "true; true", "2"), "");
    project.write("src/a.h", "22");
    let changed = run(&["--output", "in.txt"], "true; true", "2");
    assert!(changed.ends_with("|input src/a.h contents changed"), "{changed}");
}

#[test]
fn a_miss_without_a_change_is_explained_too() {
    let project = Project::new();
    let explain = |script: &str| project.run(&["--explain", "--cache-failures"], script).stderr;
    project.run(&[], "exit 3");
    let text = explain("exit 3");
    assert!(text.contains("nothing changed since the last run of \"sh -c exit 3\""), "{text}");
    assert!(text.contains("that failed with exit code 3"), "{text}");

    project.run(&[], "true").stored();
    for (path, _) in project.larder.files() {
        // Some are removed on the way.
        let record = std::fs::read(&path).unwrap_or_default();
        if record.starts_with(b"{\"larder_run\":1") {
            let action = entry_of(&project.larder, &path);
            std::fs::remove_file(action).unwrap();
        }
    }
    let text = explain("true");
    assert!(text.contains("no longer in the cache: it was trimmed"), "{text}");
    let text = project.run(&["--force", "--explain"], "true").stderr;
    assert!(text.contains("run as asked"), "{text}");
}

/// The entry file that leads to an output file.
fn entry_of(larder: &Larder, output: &Path) -> std::path::PathBuf {
    let id = output.file_name().unwrap().to_str().unwrap().trim_end_matches("-d").to_owned();
    let leads = |path: &Path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!(" {id} ")))
    };
    let mut files = larder.files().into_iter().map(|(path, _)| path);
    files.find(|path| path.to_string_lossy().ends_with("-a") && leads(path)).unwrap()
}
