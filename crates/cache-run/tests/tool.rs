//! Which executable a command starts.
#![cfg(unix)]

mod project;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use cache_hash::FileHashMemo;
use cache_run::{DescribeError, Task, describe};
use project::Project;

fn tools(files: &[(&str, u32)]) -> Project {
    let project = Project::new();
    for (file, mode) in files {
        project.write(file, "#!/bin/sh\n");
        project.set_mode(file, *mode);
    }
    project
}

/// What `command` starts, with these folders of the project in `PATH`; an empty one stays empty.
fn found(
    project: &Project,
    command: &str,
    folders: Option<&[&str]>,
) -> Result<PathBuf, DescribeError> {
    let full = |folder: &&str| match *folder {
        "" => OsString::new(),
        relative if relative.starts_with("./") => relative.into(),
        folder => project.path(folder).into_os_string(),
    };
    let path =
        folders.map(|folders| folders.iter().map(full).collect::<Vec<_>>().join(OsStr::new(":")));
    let env = |name: &OsStr| if name == "PATH" { path.clone() } else { None };
    let task = Task { command: vec![command.into()], ..project.task(&[]) };
    describe(&task, &env, &FileHashMemo::new()).map(|described| described.program)
}

#[test]
fn the_first_in_path_is_taken() {
    let project = tools(&[("a/cc", 0o755), ("b/cc", 0o755), ("b/ld", 0o755)]);
    let path = Some(&["nowhere", "a", "b"][..]);
    assert_eq!(found(&project, "cc", path).unwrap(), project.path("a/cc"));
    assert_eq!(found(&project, "ld", path).unwrap(), project.path("b/ld"));
}

#[test]
fn what_is_not_executable_is_passed_over() {
    let project = tools(&[("a/cc", 0o644), ("b/cc/is-a-folder", 0o755), ("c/cc", 0o755)]);
    assert_eq!(found(&project, "cc", Some(&["a", "b", "c"])).unwrap(), project.path("c/cc"));
    let error = found(&project, "cc", Some(&["a", "b"])).unwrap_err();
    assert!(matches!(&error, DescribeError::ToolNotExecutable(at) if *at == project.path("a/cc")));
}

#[test]
fn a_command_with_a_separator_is_seen_from_the_working_directory() {
    let project = tools(&[("a/cc", 0o755), ("a/text", 0o644)]);
    assert_eq!(found(&project, "a/cc", Some(&["b"])).unwrap(), project.path("a/cc"));
    assert_eq!(found(&project, "./a/cc", None).unwrap(), project.path("./a/cc"));
    let absolute = project.path("a/cc");
    assert_eq!(found(&project, absolute.to_str().unwrap(), None).unwrap(), absolute);
    let error = found(&project, "a/text", None).unwrap_err();
    assert!(matches!(error, DescribeError::ToolNotExecutable(_)));
    let error = found(&project, "a/none", None).unwrap_err();
    assert!(error.to_string().contains("a/none"), "{error}");
    assert!(matches!(error, DescribeError::ToolNotFound(_)));
}

#[test]
fn an_empty_folder_in_path_is_the_working_directory() {
    let project = tools(&[("cc", 0o755), ("a/ld", 0o755)]);
    assert_eq!(found(&project, "cc", Some(&["nowhere", ""])).unwrap(), project.path("cc"));
    assert_eq!(found(&project, "ld", Some(&["./a"])).unwrap(), project.path("./a/ld"));
    let error = found(&project, "cc", Some(&["a"])).unwrap_err();
    assert!(matches!(error, DescribeError::ToolNotFoundInPath(_)), "{error}");
}

#[test]
fn without_path_the_systems_folders_are_looked_in() {
    let project = tools(&[("sh", 0o755)]);
    let found = found(&project, "sh", None).unwrap();
    assert!(found.starts_with("/bin") || found.starts_with("/usr/bin"), "{}", found.display());
}

#[test]
fn a_link_to_an_executable_counts_by_what_it_leads_to() {
    let project = tools(&[("real/cc-14", 0o755)]);
    project.link("../real/cc-14", "a/cc");
    assert_eq!(found(&project, "cc", Some(&["a"])).unwrap(), project.path("a/cc"));
    fs::remove_file(project.path("real/cc-14")).unwrap();
    let error = found(&project, "cc", Some(&["a"])).unwrap_err();
    assert!(matches!(error, DescribeError::ToolNotFoundInPath(_)), "{error}");
}

#[test]
fn no_command_is_an_error() {
    let project = Project::new();
    assert!(matches!(found(&project, "", None), Err(DescribeError::NoCommand)));
    let task = Task { command: Vec::new(), ..project.task(&[]) };
    let error = project::try_describe(&task).unwrap_err();
    assert!(matches!(error, DescribeError::NoCommand));
}

#[test]
fn a_command_that_cannot_be_read_is_told_as_it_was_named() {
    let project = tools(&[("a/cc", 0o111)]);
    if fs::File::open(project.path("a/cc")).is_ok() {
        println!("skipped: this user can read everything");
        return;
    }
    let error = found(&project, "a/cc", None).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the command a/cc, whose"), "{error}");
}
