//! `larder run`: what goes wrong, and what is left then.

#![cfg(unix)]

mod project;
mod support;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use project::{Project, temporaries};
use support::Ran;

const COPY: &str = "echo ran >> $RAN; cat in.txt > out.txt; echo done; echo careful >&2";

#[test]
fn a_failure_is_stored_when_asked_alone() {
    let project = Project::new();
    let script = "echo ran >> $RAN; echo wrong; echo partly > out.txt; exit 7";
    let run = |flag: &str| project.run(&["--output", "out.txt", "--output", "never", flag], script);
    for times in 1..=2 {
        let ran = run("--ignore-files");
        assert_eq!((ran.code, ran.text(), project.times()), (Some(7), "wrong\n".into(), times));
        assert!(ran.stderr.contains("not stored: it failed with exit code 7"), "{}", ran.stderr);
    }
    assert_eq!(run("--cache-failures").stored().code, Some(7));
    project.remove("out.txt");
    let replayed = run("--cache-failures").replayed();
    assert_eq!((replayed.code, replayed.text(), project.times()), (Some(7), "wrong\n".into(), 3));
    assert_eq!(project.read("out.txt"), "partly\n");
}

#[test]
fn an_output_that_was_not_made_is_an_error_that_names_it() {
    let project = Project::new();
    let script = "echo ran >> $RAN; echo said; touch made";
    for times in 1..=2 {
        let ran = project.run(&["--output", "made", "--output", "forgotten"], script);
        assert_eq!((ran.code, ran.text(), project.times()), (Some(125), "said\n".into(), times));
        let path = project.path("forgotten");
        assert!(
            ran.stderr.contains(&format!("ran, but did not make {}", path.display())),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn an_input_that_changes_meanwhile_keeps_the_result_out_of_the_cache() {
    let project = Project::new();
    let script = "echo ran >> $RAN; cat in.txt > out.txt; echo more >> in.txt";
    let ran = project.in_out(script);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("not stored: input in.txt changed while the command ran;"),
        "{}",
        ran.stderr
    );
    project.write("in.txt", "the input\n");
    project.in_out(script);
    assert_eq!(project.times(), 2);
}

#[test]
fn a_link_that_hides_the_real_output_is_not_stored() {
    let project = Project::new();
    project.write("real.txt", "before\n");
    symlink("real.txt", project.path("out.txt")).unwrap();
    let ran = project.in_out(COPY);
    assert!(ran.stderr.contains("is a symbolic link to"), "{}", ran.stderr);
    assert_eq!((ran.code, project.read("real.txt")), (Some(0), "the input\n".into()));
    let both = ["--input", "in.txt", "--output", "out.txt", "--output", "real.txt"];
    project.run(&both, COPY).stored();
    project.write("real.txt", "changed\n");
    project.run(&both, COPY).replayed();
    assert_eq!(
        (project.read("real.txt"), project.read("out.txt")),
        ("the input\n".into(), "the input\n".into())
    );
}

#[test]
fn what_cannot_be_put_back_is_made_again() {
    let project = Project::new();
    let script = "echo ran >> $RAN; rm -rf out.txt; cat in.txt > out.txt";
    project.in_out(script).stored();
    project.remove("out.txt");
    fs::create_dir_all(project.path("out.txt/folder")).unwrap();
    let ran = project.in_out(script).stored();
    assert!(ran.stderr.contains("cannot replay, so the command is run"), "{}", ran.stderr);
    assert_eq!((project.read("out.txt"), project.times()), ("the input\n".into(), 2));
    project.assert_clean();
}

#[test]
fn nothing_of_a_damaged_result_is_ever_replayed() {
    let project = Project::new();
    let script = "mkdir -p out; head -c 9000 /dev/zero | tr '\\0' 7 > out/large; echo a > out/small; \
                  echo said; echo aside >&2";
    let run = || project.run(&["--output", "out"], script);
    run().stored();
    let stored: Vec<_> = project.larder.files().into_iter().map(|(path, _)| path).collect();
    for path in stored {
        for damage in ["remove", "cut", "flip", "empty"] {
            let Ok(mut bytes) = fs::read(&path) else { continue };
            match damage {
                "remove" => fs::remove_file(&path).unwrap(),
                "cut" => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
                "flip" => {
                    let middle = bytes.len() / 2;
                    bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 1);
                    fs::write(&path, bytes).unwrap();
                }
                _ => fs::write(&path, "").unwrap(),
            }
            project.remove("out");
            for _ in 0..2 {
                let ran = run();
                let what = format!("{damage} {}: {}", path.display(), ran.stderr);
                assert_eq!(
                    (ran.code, ran.text(), ran.said()),
                    (Some(0), "said\n".into(), "aside\n".into()),
                    "{what}"
                );
                assert_eq!(project.read("out/large"), "7".repeat(9000), "{what}");
                assert_eq!(project.read("out/small"), "a\n", "{what}");
            }
            run().replayed();
        }
    }
    assert_eq!(temporaries(&project.path("")).len(), 0);
}

#[test]
fn a_closed_pipe_stops_neither_the_command_nor_its_storing() {
    let project = Project::new();
    let script = "echo ran >> $RAN; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done; \
                  echo end > out.txt";
    for _ in 0..2 {
        let mut command = project.command(&["--output", "out.txt"], script);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = [0; 6];
        child.stdout.take().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"line 1");
        assert!(child.wait().unwrap().success());
        assert_eq!(project.read("out.txt"), "end\n");
        project.remove("out.txt");
    }
    assert_eq!(project.times(), 1);
    let whole = project.run(&["--output", "out.txt"], script).replayed();
    assert_eq!(whole.text().lines().count(), 20_000);
}

#[test]
fn a_cache_that_is_off_runs_the_command() {
    let project = Project::new();
    for times in 1..=2 {
        let mut command = support::bare(env!("CARGO_BIN_EXE_larder"));
        command.args([
            "run",
            "--output",
            "out.txt",
            "--",
            "sh",
            "-c",
            "echo ran >> ../ran; echo said; exit 3",
        ]);
        let ran = Ran::of(command.env("LARDER_DIR", "off").current_dir(project.path("")));
        assert_eq!((ran.code, ran.text(), project.times()), (Some(3), "said\n".into(), times));
        assert!(ran.stderr.contains("the cache is off"), "{}", ran.stderr);
    }
}

#[test]
fn failures_of_its_own_have_codes_of_their_own() {
    let project = Project::new();
    project.write("not-executable", "text");
    let run = |args: &[&str]| Ran::of(&mut project.bare(args));
    run(&["--", "no-such-command"]).says(127, ["no-such-command", "PATH"]);
    run(&["--", "./no-such-file"]).says(127, ["no-such-file"]);
    run(&["--", "./not-executable"]).says(126, ["not-executable"]);
    run(&["--input", "no-such-input", "--", "true"]).says(125, ["no-such-input"]);
    run(&["--input", "", "--", "true"]).says(125, ["input \"\" is empty"]);
    run(&["--", ""]).says(125, ["no command"]);
    let off = Ran::of(
        support::bare(env!("CARGO_BIN_EXE_larder"))
            .env("LARDER_DIR", "off")
            .args(["run", "--", ""]),
    );
    assert_eq!(off.code, Some(125), "{}", off.stderr);
    project.write("script", "#!/no/such/interpreter\n");
    fs::set_permissions(project.path("script"), fs::Permissions::from_mode(0o755)).unwrap();
    run(&["--", "./script"]).says(127, ["start ./script: ", "the interpreter", "first line"]);
    run(&["--output", "*.o", "--", "true"]).says(125, ["the command ran", "takes no globs"]);
    run(&["--root", "in.txt", "--", "true"]).says(125, ["--root in.txt is not a folder"]);
    fs::create_dir(project.path("sub")).unwrap();
    run(&["--root", "sub", "--", "true"]).says(125, ["--root sub", "working directory"]);
    for wrong in [&["--no-such-flag"][..], &[], &["--input"], &["--input", "in.txt"]] {
        assert_eq!(run(wrong).code, Some(125), "{wrong:?}");
    }
    // The other commands' usage errors are what they were.
    assert_eq!(project.larder.run(["put", "run"]).code, Some(2));
    let help = run(&["--help"]);
    assert!(help.code == Some(0) && help.text().contains("Examples:"), "{}", help.text());
}
