//! What the inputs of a task mean.
#![cfg(unix)]

mod project;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use cache_core::OutputId;
use cache_hash::FileHashMemo;
use cache_run::{DescribeError, Input, InputContent, Task};
use project::{Project, described, key, names, refusal, try_describe};

fn tree() -> Project {
    Project::with(&[
        "src/main.c",
        "src/util/list.c",
        "src/util/list.h",
        "src/util/deep/er/map.c",
        "src-gen/x.c",
        "README",
    ])
}

fn input<'a>(inputs: &'a [Input], name: &str) -> &'a Input {
    inputs.iter().find(|input| input.name.to_string() == name).unwrap()
}

#[test]
fn a_file_is_itself() {
    let project = tree();
    project.set_mode("src/main.c", 0o640);
    let described = described(&project.task(&["src/main.c"]));
    let [file] = &described.description.inputs[..] else { panic!() };
    assert_eq!(file.name.as_bytes(), b"src/main.c");
    assert_eq!(file.mode, 0o640);
    assert_eq!(file.content, InputContent::File(OutputId::of(b"src/main.c")));
}

#[test]
fn a_folder_means_everything_in_it_sorted() {
    let project = tree();
    let all = ["src/main.c", "src/util/deep/er/map.c", "src/util/list.c", "src/util/list.h"];
    for folder in ["src", "src/", "./src/.", "src-gen/../src"] {
        assert_eq!(project.names(&[folder]), all, "{folder}");
    }
    assert_eq!(
        project.names(&["src", "src-gen"]),
        [&["src-gen/x.c"], &all[..]].concat(),
        "by bytes, and `-` comes before `/`"
    );
    let everything = project.names(&["."]);
    assert_eq!(everything.len(), 7);
    assert_eq!(everything[0], "README");
    let task = Task {
        dir: project.path("src"),
        command: vec!["../bin/tool".into()],
        ..project.task(&[".."])
    };
    assert_eq!(names(&task), everything);
}

#[test]
fn hidden_files_count_and_git_does_not() {
    let project = tree();
    project.write(".hidden/.file", "");
    project.write("src/.git/HEAD", "");
    project.write("src/util/.git", "gitdir: elsewhere");
    project.write("src/.gitignore", "*");
    assert_eq!(project.names(&["."]).len(), 9);
    assert_eq!(project.names(&["src/**/HEAD", "src/*/.git", "**/.g*"]), ["src/.gitignore"]);
    assert_eq!(project.names(&["src/.git/HEAD"]), ["src/.git/HEAD"], "it was named");
    assert_eq!(project.names(&["src/.git"]), ["src/.git/HEAD"], "it was named");
}

/// A run that was killed may have left them, and one that goes on at the same time makes them.
#[test]
fn files_that_are_being_restored_do_not_count() {
    let project = tree();
    let before = key(&project.task(&["src"]));
    project.write("src/.larder-x7Yz.tmp", "half");
    assert_eq!(key(&project.task(&["src"])), before);
}

#[test]
fn an_empty_folder_is_an_input() {
    let project = tree();
    fs::create_dir_all(project.path("src/void/empty")).unwrap();
    fs::create_dir_all(project.path("empty")).unwrap();
    assert_eq!(project.names(&["empty"]), ["empty/"]);
    assert!(project.names(&["src"]).contains(&"src/void/empty/".to_owned()));
    assert_eq!(project.names(&["src/v*"]), ["src/void/empty/"]);
    project.write("src/void/empty/file", "");
    assert_eq!(project.names(&["src/void"]), ["src/void/empty/file"]);
}

#[test]
fn a_folder_with_nothing_but_what_is_left_out_is_an_empty_one() {
    let project = tree();
    let void = project.path("src/void");
    fs::create_dir(&void).unwrap();
    for inputs in [&["src"][..], &["src/void"], &["src/v*"]] {
        let task = project.task(inputs);
        let empty = key(&task);
        project.write("src/void/.git", "gitdir: elsewhere");
        assert_eq!(key(&task), empty, "{inputs:?}");
        fs::remove_file(void.join(".git")).unwrap();
        project.write("src/void/.git/HEAD", "");
        assert_eq!(key(&task), empty, "{inputs:?}");
        fs::remove_dir_all(void.join(".git")).unwrap();
        project.write("src/void/.larder-x.tmp", "half");
        assert_eq!(key(&task), empty, "{inputs:?}");
        fs::remove_file(void.join(".larder-x.tmp")).unwrap();
        assert!(names(&task).contains(&"src/void/".to_owned()), "{inputs:?}");
    }
}

#[test]
fn globs_match_as_they_do_in_a_shell() {
    let project = tree();
    for (glob, expected) in [
        ("src/*.c", &["src/main.c"][..]),
        ("src/*/*.c", &["src/util/list.c"]),
        ("src/**/*.c", &["src/main.c", "src/util/deep/er/map.c", "src/util/list.c"]),
        ("**/list.?", &["src/util/list.c", "src/util/list.h"]),
        ("src/util/list.[h-z]", &["src/util/list.h"]),
        ("src/util/list.{c,h}", &["src/util/list.c", "src/util/list.h"]),
        ("{src/util,src-gen}/*.c", &["src-gen/x.c", "src/util/list.c"]),
        ("./s*/../src/./m*", &[]),
        ("src/../src-gen/*", &["src-gen/x.c"]),
        ("src/util/d*", &["src/util/deep/er/map.c"]),
        ("src-gen/**", &["src-gen/x.c"]),
        ("R*", &["README"]),
    ] {
        let described = described(&project.task(&[glob]));
        let found = described.description.inputs.iter().map(|input| input.name.to_string());
        assert_eq!(found.collect::<Vec<_>>(), expected, "{glob}");
        assert_eq!(described.empty_globs.len(), usize::from(expected.is_empty()), "{glob}");
    }
    let root = project.root.to_str().unwrap();
    assert_eq!(project.names(&[&format!("{root}/src/*.c")]), ["src/main.c"]);
}

#[test]
fn a_glob_that_matches_nothing_is_told_about() {
    let project = tree();
    let described = described(&project.task(&["src/*.c", "*.cc", "nowhere/*.c", "README/*"]));
    assert_eq!(described.empty_globs, ["*.cc", "nowhere/*.c", "README/*"]);
    assert_eq!(described.description.inputs.len(), 1);
}

#[test]
fn what_is_called_like_a_glob_is_found_by_its_name() {
    let project = tree();
    for name in ["src/a[1].c", "src/*", "what?", "{x}"] {
        project.write(name, "odd");
        assert_eq!(project.names(&[name]), [name]);
    }
}

#[test]
fn names_that_are_not_utf_8_or_strange_work() {
    let project = tree();
    for name in [&b"odd/\xff\xfe.c"[..], b"odd/new\nline.c", b"odd/ .c", b"odd/-c.c"] {
        project.write(OsStr::from_bytes(name), name);
    }
    for input in ["odd", "odd/*.c"] {
        let described = described(&project.task(&[input]));
        let found: Vec<_> =
            described.description.inputs.iter().map(|input| input.name.as_bytes()).collect();
        assert_eq!(
            found,
            [&b"odd/ .c"[..], b"odd/-c.c", b"odd/new\nline.c", b"odd/\xff\xfe.c"],
            "{input}"
        );
    }
    let literal = OsStr::from_bytes(b"odd/\xff\xfe.c").to_owned();
    let task = Task { inputs: vec![literal], ..project.task(&[]) };
    assert_eq!(names(&task), ["odd/\\xff\\xfe.c"]);
    let glob = OsStr::from_bytes(b"odd/\xff*").to_owned();
    let task = Task { inputs: vec![glob], ..project.task(&[]) };
    assert!(matches!(try_describe(&task), Err(DescribeError::GlobNotUtf8(_))));
}

#[test]
fn an_input_that_is_not_there_is_an_error_that_names_it() {
    let project = tree();
    for input in ["src/main.cc", "README/x", "nowhere/"] {
        let error = refusal(&project.task(&["src", input]));
        assert!(error.contains(input) && error.contains("is not there"), "{error}");
    }
    let error = refusal(&project.task(&["src", ""]));
    assert!(error.starts_with("input \"\" is empty"), "{error}");
    let error = refusal(&project.task(&["src/[a"]));
    assert!(error.contains("src/[a"), "{error}");
}

#[test]
fn a_link_in_a_folder_is_its_text() {
    let project = tree();
    project.link("main.c", "src/link.c");
    project.link("../src-gen", "src/generated");
    project.link("nowhere", "src/broken");
    project.link(".", "src/loop");
    let description = described(&project.task(&["src"])).description;
    for (name, text) in
        [("link.c", "main.c"), ("generated", "../src-gen"), ("broken", "nowhere"), ("loop", ".")]
    {
        let found = input(&description.inputs, &format!("src/{name}"));
        let text = OutputId::of(text.as_bytes());
        assert_eq!(found.content, InputContent::Link { text, target: None });
        assert_eq!(found.mode, 0);
    }
    assert_eq!(description.inputs.len(), 8);
}

#[test]
fn a_link_that_is_named_is_also_what_it_leads_to() {
    let project = tree();
    project.set_mode("README", 0o755);
    project.link("../README", "src/link");
    let text = OutputId::of(b"../README");
    let expected = InputContent::Link { text, target: Some(OutputId::of(b"README")) };
    // The fuller one is kept, in whatever order they come.
    for inputs in [&["src/link"][..], &["src/l*"], &["src", "src/link"], &["src/link", "src"]] {
        let description = described(&project.task(inputs)).description;
        let found = input(&description.inputs, "src/link");
        assert_eq!((found.content, found.mode), (expected, 0o755), "{inputs:?}");
    }
    let before = key(&project.task(&["src/link"]));
    project.write("README", "changed");
    assert_ne!(key(&project.task(&["src/link"])), before);

    project.link("../src-gen", "src/folder");
    assert_eq!(project.names(&["src/folder"]), ["src/folder", "src/folder/x.c"]);
    assert_eq!(project.names(&["src/folder/x.c"]), ["src/folder/x.c"]);
    assert_eq!(project.names(&["src/fold*"]), ["src/folder"]);
    project.link("nowhere", "src/broken");
    assert_eq!(project.names(&["src/broken"]), ["src/broken"]);
}

#[test]
fn declared_outputs_are_left_out() {
    let project = tree();
    let outputs = |outputs: &[&str], inputs: &[&str]| {
        let outputs = outputs.iter().map(Into::into).collect();
        names(&Task { outputs, ..project.task(inputs) })
    };
    assert_eq!(
        outputs(&["src/util", "src/../src-gen/x.c"], &["src", "src-gen", "src/**/*.h", "R*"]),
        ["README", "src/main.c"],
        "a folder, a file, and what a glob finds in them"
    );
    assert_eq!(
        outputs(&["src/util/list.c"], &["src/util"]),
        ["src/util/deep/er/map.c", "src/util/list.h"]
    );
    assert_eq!(outputs(&["src/util"], &["src/util/*.h"]), [""; 0]);
}

#[test]
fn the_folder_of_an_output_is_the_same_before_and_after() {
    let project = tree();
    fs::create_dir_all(project.path("src/out")).unwrap();
    let task = Task { outputs: vec!["src/out/main.o".into()], ..project.task(&["src"]) };
    let before = key(&task);
    project.write("src/out/main.o", "made");
    assert_eq!(key(&task), before);
    fs::remove_dir_all(project.path("src/out")).unwrap();
    assert_eq!(key(&task), before, "a fresh checkout");
}

#[test]
fn an_input_that_is_named_and_is_an_output_too_is_refused() {
    let project = tree();
    for (input, output) in
        [("src/main.c", "src/main.c"), ("src/main.c", "src"), (".", "../project"), ("src", "src/")]
    {
        let task = Task { outputs: vec![output.into()], ..project.task(&[input]) };
        let error = refusal(&task);
        assert!(error.contains("is an input and an output"), "{error}");
    }
}

#[test]
fn ignore_files_are_honoured_when_asked() {
    let project = tree();
    project.write(".gitignore", "*.h\n/src/util/deep\nlocal/\n");
    project.write("src/.gitignore", "!kept.h\n");
    project.write("src/kept.h", "");
    project.write("src/other.h", "");
    project.write("src/local/file", "");
    project.write("src/util/.ignore", "*.c\n");
    let task = |inputs: &[&str]| Task { ignore_files: true, ..project.task(inputs) };
    let kept = ["src/.gitignore", "src/kept.h", "src/main.c", "src/util/.ignore"];
    assert_eq!(names(&task(&["src"])), kept);
    assert_eq!(names(&task(&["src/**"])), kept);
    assert_eq!(names(&task(&["src/util"])), ["src/util/.ignore"]);
    assert_eq!(names(&task(&["**/*.h"])), ["src/kept.h"]);
    assert_eq!(names(&task(&["src/other.h"])), ["src/other.h"], "it was named");
    assert_eq!(project.names(&["src"]).len(), 9, "only when asked");
    // What a user's own git leaves out elsewhere is no part of the project.
    project.write(".git/info/exclude", "main.c\n");
    assert_eq!(names(&task(&["src"])), kept);
    // Nor is what is above the root.
    fs::write(project.root.parent().unwrap().join(".gitignore"), "main.c\n").unwrap();
    assert_eq!(names(&task(&["src"])), kept);
}

#[test]
fn a_malformed_line_of_an_ignore_file_is_passed_over() {
    let project = tree();
    project.write("src/.gitignore", "[z-a\n*.h\n");
    let task = Task { ignore_files: true, ..project.task(&["src/util"]) };
    assert_eq!(names(&task).len(), 2);
}

#[test]
fn what_cannot_be_read_to_an_end_is_refused_and_named() {
    let project = tree();
    let fifo = project.path("src/fifo");
    let path = fifo.to_str().unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    for input in ["src/fifo", "src", "src/f*"] {
        let error = refusal(&project.task(&[input]));
        assert!(error.contains("src/fifo is a FIFO"), "{error}");
    }
    assert_eq!(project.names(&["src/*.c"]), ["src/main.c"]);
    let _socket = UnixListener::bind(project.path("src-gen/socket")).unwrap();
    assert!(refusal(&project.task(&["src-gen"])).contains("src-gen/socket is a socket"));
    assert!(refusal(&project.task(&["/dev/null"])).contains("/dev/null is a device"));
}

#[test]
fn many_folders_are_all_found() {
    let project = Project::new();
    let mut expected = Vec::new();
    for (a, b) in (0..40).flat_map(|a| (0..10).map(move |b| (a, b))) {
        let name = format!("src/{a:02}/{b}/file");
        project.write(&name, format!("{}", a * b));
        expected.push(name);
    }
    assert_eq!(project.names(&["src"]), expected);
    let keys: Vec<_> = (0..20).map(|_| key(&project.task(&["src"]))).collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
    project.write("src/17/3/socket", "");
    fs::remove_file(project.path("src/17/3/socket")).unwrap();
    let _socket = UnixListener::bind(project.path("src/17/3/socket")).unwrap();
    assert!(refusal(&project.task(&["src"])).contains("src/17/3/socket"), "on any thread");
}

#[test]
fn what_changed_while_the_command_ran_is_seen() {
    let project = tree();
    let task = project.task(&["src", "README"]);
    let files = FileHashMemo::new();
    let changes = |change: &dyn Fn()| {
        let described = described(&task);
        change();
        let changes = described.changes(&task, &files).unwrap();
        changes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let set_time = |path: &str, seconds: u64| {
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::open(project.path(path)).unwrap().set_modified(time).unwrap();
    };
    assert_eq!(changes(&|| {}), [""; 0]);
    assert_eq!(changes(&|| project.write("elsewhere", "")), [""; 0]);
    fs::hard_link(project.path("README"), project.path("hard")).unwrap();
    assert_eq!(changes(&|| fs::remove_file(project.path("hard")).unwrap()), [""; 0]);
    assert_eq!(changes(&|| project.write("README", "new")), ["input  README  contents changed"]);
    assert_eq!(changes(&|| project.write("src/new.c", "")), ["input  src/new.c  added"]);
    assert_eq!(
        changes(&|| fs::remove_file(project.path("src/new.c")).unwrap()),
        ["input  src/new.c  removed"]
    );
    set_time("README", 1);
    assert_eq!(changes(&|| set_time("README", 2)), ["input  README  was written to"]);
    assert_eq!(
        changes(&|| project.set_mode("README", 0o600)),
        ["input  README  mode 644 became 600"]
    );
    assert_eq!(
        changes(&|| project.write("bin/tool", "#!/bin/sh\n#\n")),
        ["tool  bin/tool  contents changed"]
    );
    assert_eq!(
        changes(&|| fs::remove_file(project.path("README")).unwrap()),
        ["input  README  removed"]
    );
}

#[test]
fn a_variable_is_given_by_its_name_alone() {
    let project = tree();
    for name in ["CFLAGS=-O2", "", "="] {
        let task = Task { env: vec![OsString::from(name)], ..project.task(&[]) };
        assert!(matches!(try_describe(&task), Err(DescribeError::NotAVariable(_))), "{name}");
    }
}

#[test]
fn relative_places_are_refused() {
    let project = tree();
    let task = Task { dir: "src".into(), ..project.task(&[]) };
    assert!(matches!(try_describe(&task), Err(DescribeError::NotAbsolute(_))));
    let task = Task { root: "".into(), ..project.task(&[]) };
    assert!(matches!(try_describe(&task), Err(DescribeError::NotAbsolute(_))));
}
