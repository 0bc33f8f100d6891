//! `larder run`: what runs, what is replayed, and what comes back.

#![cfg(unix)]

mod project;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use project::Project;
use support::{Ran, files};

const COPY: &str = "echo ran >> $RAN; cat in.txt > out.txt; echo done; echo careful >&2";

#[test]
fn the_second_run_replays_the_first() {
    let project = Project::new();
    let first = project.in_out(COPY).stored();
    assert_eq!(
        (first.code, first.text(), first.said()),
        (Some(0), "done\n".into(), "careful\n".into())
    );
    project.remove("out.txt");
    let second = project.in_out(COPY).replayed();
    assert_eq!(
        (second.code, second.text(), second.said()),
        (Some(0), "done\n".into(), "careful\n".into())
    );
    assert!(second.stderr.contains("larder: replayed, saving "), "{}", second.stderr);
    assert_eq!(project.read("out.txt"), "the input\n");
    assert_eq!(project.times(), 1);
    project.assert_clean();
}

#[test]
fn what_changes_the_result_runs_the_command_again_and_what_does_not_does_not() {
    let project = Project::new();
    project.in_out(COPY).stored();
    // The same bytes, another time and another file.
    project.remove("in.txt");
    project.write("in.txt", "the input\n");
    project.write("other.txt", "no input");
    project.in_out(COPY).replayed();

    project.write("in.txt", "another input\n");
    project.in_out(COPY).stored();
    assert_eq!(project.read("out.txt"), "another input\n");
    fs::set_permissions(project.path("in.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    project.in_out(COPY).stored();
    project.in_out(&format!("{COPY}; :")).stored();
    assert_eq!(project.times(), 4);

    // And back: that result is there too.
    fs::set_permissions(project.path("in.txt"), fs::Permissions::from_mode(0o644)).unwrap();
    project.write("in.txt", "the input\n");
    project.in_out(COPY).replayed();
    assert_eq!(project.read("out.txt"), "the input\n");
    assert_eq!(project.times(), 4);
}

#[test]
fn an_unset_variable_is_not_an_empty_one() {
    let project = Project::new();
    let run = |value: Option<&str>| {
        let mut command =
            project.command(&["--env", "COLOUR"], "echo ran >> $RAN; echo \"<${COLOUR-unset}>\"");
        match value {
            Some(value) => command.env("COLOUR", value),
            None => command.env_remove("COLOUR"),
        };
        Ran::of(&mut command)
    };
    for (value, expected) in [(None, "<unset>\n"), (Some(""), "<>\n"), (Some("red"), "<red>\n")] {
        assert_eq!(run(value).stored().text(), expected);
        assert_eq!(run(value).replayed().text(), expected);
    }
    assert_eq!(project.times(), 3);
}

#[test]
fn modes_links_and_folders_come_back_and_other_files_stay() {
    let project = Project::new();
    let script = "mkdir -p out/a/empty out/b && cd out && echo 1 > a/tool && chmod 750 a/tool && \
                  echo 2 > b/secret && chmod 600 b/secret && ln -s ../a/tool b/link && \
                  ln -s nowhere dangling && chmod 700 b";
    let run = || project.run(&["--input", "in.txt", "--output", "out"], script);
    run().stored();
    project.remove("out");
    project.write("out/other", "not the command's");
    run().replayed();
    let mode = |name| fs::metadata(project.path(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("out/a/tool"), mode("out/b/secret"), mode("out/b")), (0o750, 0o600, 0o700));
    assert_eq!(
        (project.read("out/a/tool"), project.read("out/b/secret")),
        ("1\n".into(), "2\n".into())
    );
    assert!(project.path("out/a/empty").is_dir());
    assert_eq!(fs::read_link(project.path("out/b/link")).unwrap().to_str(), Some("../a/tool"));
    assert_eq!(fs::read_link(project.path("out/dangling")).unwrap().to_str(), Some("nowhere"));
    assert_eq!(project.read("out/other"), "not the command's");
    // Over what is there, too.
    project.write("out/a/tool", "changed");
    run().replayed();
    assert_eq!(project.read("out/a/tool"), "1\n");
    project.assert_clean();
}

#[test]
fn names_that_are_not_utf8_work() {
    let project = Project::new();
    let script =
        "echo ran >> $RAN; name=$(printf 'out/\\377\\n x'); mkdir -p out; echo 1 > \"$name\"";
    let run = || project.run(&["--output", "out"], script);
    run().stored();
    let before = files(&project.path("out"));
    assert_eq!(before.len(), 1);
    project.remove("out");
    run().replayed();
    assert_eq!(files(&project.path("out")), before);
}

#[test]
fn a_restored_file_is_nobody_elses() {
    let project = Project::new();
    project.in_out(COPY).stored();
    for _ in 0..2 {
        // Written to in place: through a hard link this would be the cache's file.
        let out = fs::OpenOptions::new().append(true).open(project.path("out.txt"));
        out.unwrap().write_all(b"edited").unwrap();
        project.in_out(COPY).replayed();
        assert_eq!(project.read("out.txt"), "the input\n");
    }
    assert_eq!(project.times(), 1);
    project.assert_clean();
}

#[test]
fn equal_files_are_stored_once() {
    let project = Project::new();
    let large = "x".repeat(100_000);
    project.write("in.txt", &large);
    let script = "cp in.txt out/1; cp in.txt out/2; cp in.txt out/3; cat in.txt";
    fs::create_dir(project.path("out")).unwrap();
    project.run(&["--input", "in.txt", "--output", "out"], script).stored();
    assert!(project.larder.output_file(&large).exists());
    let copies = project.larder.files().into_iter().filter(|(_, size)| *size == 100_000);
    assert_eq!(copies.count(), 1);
}

#[test]
fn output_is_passed_on_as_it_comes_and_replayed_in_its_order() {
    let project = Project::new();
    // Each line waits until the one before has arrived here.
    let script = "for i in 1 2 3 4 5 6; do \
                    case $i in [135]) echo out $i;; *) echo err $i >&2;; esac; \
                    while [ ! -e ../heard$i ]; do sleep 0.01; done; \
                  done";
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = project.command(&[], script);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut lines = Vec::new();
    for line in BufReader::new(reader).lines() {
        lines.push(line.unwrap());
        project.larder.file(&format!("heard{}", lines.len()), "");
    }
    assert!(child.wait().unwrap().success());
    let expected = ["out 1", "err 2", "out 3", "err 4", "out 5", "err 6"];
    assert_eq!(lines[..6], expected);

    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = project.command(&[], script);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    assert!(command.status().unwrap().success());
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..6], expected);
    assert!(lines[6].starts_with("larder: replayed"), "{text}");
}

#[test]
fn much_output_comes_back_whole() {
    let project = Project::new();
    let script = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo \"stdout line $i of many\"; \
                  echo \"stderr line $i\" >&2; done";
    let first = project.run(&["-q"], script);
    let second = project.run(&[], script).replayed();
    assert!(first.stdout.len() > 1 << 20 && first.stderr.len() > 1 << 20);
    assert!(first.stdout == second.stdout && first.stderr == second.said());
}

#[test]
fn stdin_is_empty_unless_it_is_an_input() {
    let project = Project::new();
    let run = |flags: &[&str], text: &str| {
        let mut command = project.command(flags, "echo ran >> $RAN; wc -c");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It need not be read at all.
        child.stdin.take().unwrap().write_all(text.as_bytes()).ok();
        Ran::from(child.wait_with_output().unwrap())
    };
    assert_eq!(run(&[], "some text").stored().text().trim(), "0");
    assert_eq!(run(&[], "other text").replayed().text().trim(), "0");
    let input = &["--input", "-"];
    assert_eq!(run(input, "some text").stored().text().trim(), "9");
    assert_eq!(run(input, "some text").replayed().text().trim(), "9");
    assert_eq!(run(input, "other text").stored().text().trim(), "10");
    assert_eq!(project.times(), 3);
}

#[test]
fn force_runs_the_command_and_stores_the_new_result() {
    let project = Project::new();
    let script = "echo ran >> $RAN; wc -l < $RAN";
    let run = |flags: &[&str]| project.run(flags, script).text().trim().to_owned();
    assert_eq!(run(&[]), "1");
    assert_eq!(run(&[]), "1");
    assert_eq!(run(&["--force"]), "2");
    assert_eq!(run(&[]), "2");
}

#[test]
fn runs_inside_of_runs_have_results_of_their_own() {
    let project = Project::new();
    let larder = env!("CARGO_BIN_EXE_larder");
    let dir = project.larder.dir();
    let inner = format!(
        "'{larder}' --dir '{}' -q run --input in.txt --output inner.txt -- \
         sh -c 'echo inner >> $RAN; cat in.txt > inner.txt; echo inner said'",
        dir.display()
    );
    let run = |n: u32| {
        let script = format!("echo outer >> $RAN; {inner}; cp inner.txt out.txt; : {n}");
        project.in_out(&script)
    };
    assert_eq!(run(1).stored().text(), "inner said\n");
    assert_eq!(run(1).replayed().text(), "inner said\n");
    assert_eq!(project.times(), 2);
    assert_eq!(run(2).stored().text(), "inner said\n");
    assert_eq!(project.times(), 3);
    project.assert_clean();
}

#[test]
fn a_glob_that_matches_nothing_is_noted() {
    let project = Project::new();
    let ran = project.run(&["--input", "*.nothing"], "true").stored();
    assert!(ran.stderr.contains("input \"*.nothing\" matches nothing"), "{}", ran.stderr);
    let quiet = Ran::of(
        project.larder.command().args(["-q", "run", "--", "true"]).current_dir(project.path("")),
    );
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
}

#[test]
fn runs_are_counted() {
    let project = Project::new();
    for _ in 0..3 {
        project.in_out(COPY);
    }
    let stats = project.larder.run(["stats", "--json"]).json().to_string();
    assert!(stats.contains("\"run\""), "{stats}");
}
