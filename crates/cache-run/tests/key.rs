//! What makes a key another one, and what does not.
#![cfg(unix)]

mod project;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;

use cache_core::{ActionId, OutputId};
use cache_hash::{FileHashMemo, KeySpace};
use cache_run::{Description, Task, describe, project_root};
use project::{Project, described, key};

fn compile(project: &Project) -> Task {
    Task {
        dir: project.path("src"),
        command: vec!["../bin/tool".into(), "-c".into(), "main.c".into()],
        outputs: vec!["main.o".into(), "../out".into()],
        env: vec!["CFLAGS".into(), "EMPTY".into(), "UNSET".into()],
        ..project.task(&["main.c", "../include", "*.h"])
    }
}

fn source_tree() -> Project {
    let project = Project::with(&["src/main.c", "src/util.h", "include/a/b.h", "include/c.h"]);
    fs::create_dir(project.path("include/empty")).unwrap();
    project.link("c.h", "include/d.h");
    project
}

fn variables(name: &OsStr) -> Option<OsString> {
    match name.to_str()? {
        "CFLAGS" => Some("-O2".into()),
        "EMPTY" => Some("".into()),
        "OTHER" => Some("other".into()),
        _ => None,
    }
}

fn describe_with_variables(task: &Task) -> Description {
    describe(task, &variables, &FileHashMemo::new()).unwrap().description
}

fn full_key(task: &Task) -> ActionId {
    describe_with_variables(task).key(&KeySpace::new("test"))
}

#[test]
fn two_checkouts_at_different_paths_have_the_same_key() {
    let (one, other) = (source_tree(), source_tree());
    assert_ne!(one.root, other.root);
    assert_eq!(describe_with_variables(&compile(&one)), describe_with_variables(&compile(&other)));
    assert_eq!(full_key(&compile(&one)), full_key(&compile(&other)));
}

#[test]
fn what_makes_no_difference_leaves_the_key() {
    let project = source_tree();
    let task = compile(&project);
    let before = full_key(&task);
    let same = |what: &str, task: &Task| assert_eq!(full_key(task), before, "{what}");

    same("the name of the task", &Task { name: Some("compile".into()), ..task.clone() });
    let mut turned = task.clone();
    turned.inputs.reverse();
    turned.env.reverse();
    turned.outputs.reverse();
    same("the order of what is declared", &turned);
    let mut twice = task.clone();
    twice.inputs.extend(["./main.c".into(), "../src/main.c".into(), "../include/a".into()]);
    twice.env.push("CFLAGS".into());
    twice.outputs.push("../src/main.o".into());
    same("declaring something twice", &twice);
    let absolute = project.path("include").into_os_string();
    let inputs = vec!["main.c".into(), absolute, "util.h".into()];
    same("another way to name the inputs", &Task { inputs, ..task.clone() });

    let touched = fs::File::open(project.path("src/main.c")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    same("an input's mtime", &task);
    project.write("src/other.c", "not an input");
    same("a file that is not an input", &task);
    project.write("src/main.o", "made");
    project.write("out/deep/made", "made");
    project.write("include/.git", "gitdir: elsewhere");
    same("outputs, and .git", &task);
}

#[test]
fn every_single_change_gives_another_key() {
    let mut keys = HashSet::new();
    let mut count = 0;
    let mut add = |what: &str, key: ActionId| {
        assert!(keys.insert(key), "{what}");
        count += 1;
    };
    let project = source_tree();
    let task = compile(&project);
    add("nothing", full_key(&task));

    let change = |change: &dyn Fn(&mut Task)| {
        let mut task = task.clone();
        change(&mut task);
        full_key(&task)
    };
    add("an argument", change(&|task| task.command[2] = "main.cc".into()));
    add("one more argument", change(&|task| task.command.push("-g".into())));
    add("an empty argument", change(&|task| task.command.push("".into())));
    add(
        "two arguments in one",
        change(&|task| {
            task.command.truncate(1);
            task.command.push("-c main.c".into());
        }),
    );
    add(
        "the spelling of the command",
        change(&|task| {
            task.command[0] = "./../bin/tool".into();
        }),
    );
    add("one more variable", change(&|task| task.env.push("OTHER".into())));
    add("one more variable that is not set", change(&|task| task.env.push("UNSET2".into())));
    add("one variable less", change(&|task| drop(task.env.pop())));
    add("one more output", change(&|task| task.outputs.push("main.d".into())));
    add("no outputs", change(&|task| task.outputs.clear()));
    add("stdin", change(&|task| task.stdin = Some(OutputId::of(b"in"))));
    add("other stdin", change(&|task| task.stdin = Some(OutputId::of(b"other"))));
    add("one more input", change(&|task| task.inputs.push("../bin/tool".into())));
    add("one input less", change(&|task| drop(task.inputs.pop())));
    add(
        "the working directory",
        change(&|task| {
            task.dir = project.path("include");
            task.command[0] = "../bin/tool".into();
            task.inputs = vec!["../src/main.c".into(), ".".into(), "../src/*.h".into()];
            task.outputs = vec!["../src/main.o".into(), "../out".into()];
        }),
    );
    add("the root", change(&|task| task.root = project.path("src")));
    let with = |value: Option<&'static str>| {
        let of = move |name: &OsStr| match name.to_str() {
            Some("EMPTY") => value.map(OsString::from),
            _ => variables(name),
        };
        describe(&task, &of, &FileHashMemo::new()).unwrap().description.key(&KeySpace::new("test"))
    };
    add("a variable's value", with(Some("1")));
    add("a variable that is not set, and not empty", with(None));
    add("the salt", describe_with_variables(&task).key(&KeySpace::new("other")));

    let mut on_disk = |what: &str, change: &dyn Fn(&Project)| {
        let project = source_tree();
        change(&project);
        add(what, full_key(&compile(&project)));
    };
    on_disk("an input's contents", &|p| p.write("src/main.c", "src/main.C"));
    on_disk("contents in a folder", &|p| p.write("include/a/b.h", ""));
    on_disk("a mode", &|p| p.set_mode("src/main.c", 0o755));
    on_disk("a mode that the owner does not see", &|p| p.set_mode("src/main.c", 0o640));
    on_disk("a set-user-ID bit", &|p| p.set_mode("src/main.c", 0o4755));
    on_disk("a new file in a folder", &|p| p.write("include/new", ""));
    on_disk("a new file for the glob", &|p| p.write("src/new.h", ""));
    on_disk("a removed file", &|p| fs::remove_file(p.path("include/c.h")).unwrap());
    on_disk("a moved file", &|p| {
        fs::rename(p.path("include/c.h"), p.path("include/a/c.h")).unwrap();
    });
    on_disk("two files' contents exchanged", &|p| {
        p.write("include/c.h", "include/a/b.h");
        p.write("include/a/b.h", "include/c.h");
    });
    on_disk("a new empty folder", &|p| fs::create_dir(p.path("include/new")).unwrap());
    on_disk("a removed empty folder", &|p| fs::remove_dir(p.path("include/empty")).unwrap());
    on_disk("a file in place of an empty folder", &|p| {
        fs::remove_dir(p.path("include/empty")).unwrap();
        p.write("include/empty", "");
    });
    on_disk("where a link leads", &|p| {
        fs::remove_file(p.path("include/d.h")).unwrap();
        p.link("a/b.h", "include/d.h");
    });
    on_disk("a file in place of a link", &|p| {
        fs::remove_file(p.path("include/d.h")).unwrap();
        p.write("include/d.h", "c.h");
    });
    on_disk("the tool", &|p| p.write("bin/tool", "#!/bin/sh\n#\n"));
    assert_eq!(keys.len(), count);
}

#[test]
fn the_tool_counts_by_its_contents_and_not_by_its_place() {
    let project = Project::new();
    for folder in ["one", "other"] {
        project.write(format!("{folder}/cc"), "#!/bin/sh\n");
        project.set_mode(format!("{folder}/cc"), 0o755);
    }
    let task = Task { command: vec!["cc".into()], ..project.task(&[]) };
    let in_path = |folder: &str| {
        let path = project.path(folder).into_os_string();
        let env = move |name: &OsStr| (name == "PATH").then(|| path.clone());
        describe(&task, &env, &FileHashMemo::new()).unwrap()
    };
    let (one, other) = (in_path("one"), in_path("other"));
    assert_eq!(one.program, project.path("one/cc"));
    assert_eq!(one.description, other.description);
    project.write("other/cc", "#!/bin/sh\nexit 1\n");
    assert_ne!(one.description.tool, in_path("other").description.tool);
}

#[test]
fn what_lies_outside_the_root_has_its_whole_path() {
    let (project, outside) = (Project::new(), Project::with(&["shared.h"]));
    let shared = outside.path("shared.h");
    let task = project.task(&[shared.to_str().unwrap()]);
    assert_eq!(project::names(&task), [shared.to_str().unwrap()]);
    let task = Task { dir: outside.root.clone(), command: vec!["bin/tool".into()], ..task };
    assert_eq!(described(&task).description.dir.to_string(), outside.root.to_str().unwrap());
}

#[test]
fn the_root_is_the_nearest_folder_with_a_git_in_it() {
    let project = Project::with(&["a/b/c"]);
    assert_eq!(project_root(&project.path("a/b")), project.root);
    assert_eq!(project_root(&project.root), project.root);
    // A worktree's `.git` is a file.
    project.write("a/.git", "gitdir: elsewhere\n");
    assert_eq!(project_root(&project.path("a/b")), project.path("a"));
    fs::remove_dir(project.path(".git")).unwrap();
    let without = project.path("bin");
    if !project.root.ancestors().any(|above| above.join(".git").exists()) {
        assert_eq!(project_root(&without), without);
    }
}

#[test]
fn the_identity_is_that_of_the_name_or_else_of_the_command_line_and_its_directory() {
    let project = source_tree();
    let task = compile(&project);
    let keys = KeySpace::new("test");
    let identity = |task: &Task| described(task).description.identity(&keys);
    let unnamed = identity(&task);
    assert_ne!(unnamed, key(&task));
    project.write("src/main.c", "changed");
    assert_eq!(identity(&task), unnamed);
    let mut other = task.clone();
    other.command.push("-g".into());
    assert_ne!(identity(&other), unnamed);

    let named = |task: Task| Task { name: Some("compile".into()), ..task };
    assert_ne!(identity(&named(task.clone())), unnamed);
    assert_eq!(identity(&named(task.clone())), identity(&named(other)));
    assert_ne!(identity(&named(task.clone())), identity(&Task { name: Some("".into()), ..task }));
}
