//! What is said about two descriptions that differ.

use cache_core::OutputId;
use cache_run::{Description, Input, InputContent, Text, aligned, differences};

fn file(name: &str, contents: &str) -> Input {
    let content = InputContent::File(OutputId::of(contents.as_bytes()));
    Input { name: name.into(), mode: 0o644, content }
}

fn compile() -> Description {
    Description {
        key_version: 1,
        name: Some("compile".into()),
        platform: "linux x86_64".into(),
        dir: "src".into(),
        command: ["cc", "-O2", "-c", "main.c"].map(Text::from).into(),
        tool: OutputId::of(b"cc"),
        env: vec![("CFLAGS".into(), Some("-g".into())), ("UNSET".into(), None)],
        outputs: vec!["src/main.o".into()],
        stdin: None,
        inputs: vec![file("src/main.c", "main"), file("src/util.h", "util")],
    }
}

/// The lines for what `change` makes of the compile.
#[track_caller]
fn told(change: impl Fn(&mut Description), expected: &[&str]) {
    let (last, mut now) = (compile(), compile());
    change(&mut now);
    let lines: Vec<_> = differences(&last, &now).iter().map(ToString::to_string).collect();
    assert_eq!(lines, expected);
}

#[test]
fn equal_descriptions_have_no_differences() {
    told(|_| {}, &[]);
    told(|now| now.name = None, &[]);
}

#[test]
fn each_part_is_named_with_what_happened_to_it() {
    told(|now| now.key_version = 2, &["key version  1 became 2, with another larder"]);
    told(
        |now| now.platform = "linux aarch64".into(),
        &[r#"platform  "linux x86_64" became "linux aarch64""#],
    );
    told(|now| now.dir = "".into(), &["directory  src became ."]);
    told(|now| now.tool = OutputId::of(b"new"), &["tool  cc  contents changed"]);
    told(|now| now.stdin = Some(OutputId::of(b"in")), &["stdin  is an input now"]);
    told(
        |now| now.outputs = vec!["src/main.d".into()],
        &["output  src/main.d  is declared now", "output  src/main.o  is not declared any more"],
    );
}

#[test]
fn stdin_is_told_about() {
    let with = |bytes: &[u8]| Description { stdin: Some(OutputId::of(bytes)), ..compile() };
    let line = |last: &Description, now: &Description| differences(last, now)[0].to_string();
    assert_eq!(line(&with(b"a"), &with(b"b")), "stdin  contents changed");
    assert_eq!(line(&with(b"a"), &compile()), "stdin  is not an input any more");
}

#[test]
fn arguments_are_compared_between_what_stayed() {
    told(|now| now.command[1] = "-O3".into(), &[r#"argument  1  "-O2" became "-O3""#]);
    told(|now| now.command.insert(2, "-g".into()), &[r#"argument  2  none became "-g""#]);
    told(|now| drop(now.command.remove(1)), &[r#"argument  1  "-O2" became none"#]);
    told(
        |now| now.command = ["cc", "-O3", "-c", "-g", "main.c"].map(Text::from).into(),
        &[r#"argument  1  "-O2" became "-O3""#, r#"argument  3  none became "-g""#],
    );
}

#[test]
fn variables_are_told_apart_when_they_are_unset_or_empty() {
    let set = |index: usize, value: Option<&str>| {
        let value = value.map(Text::from);
        move |now: &mut Description| now.env[index].1 = value.clone()
    };
    told(set(0, Some("-O0")), &[r#"env  CFLAGS  "-g" became "-O0""#]);
    told(set(0, None), &[r#"env  CFLAGS  "-g" became unset"#]);
    told(set(0, Some("")), &[r#"env  CFLAGS  "-g" became """#]);
    told(set(1, Some("")), &[r#"env  UNSET  unset became """#]);
    told(|now| drop(now.env.remove(0)), &["env  CFLAGS  is not declared any more"]);
    told(|now| now.env.insert(0, ("A".into(), None)), &["env  A  is declared now"]);
}

#[test]
fn inputs_are_told_apart_by_what_happened_to_them() {
    told(
        |now| {
            now.inputs.insert(0, file("src/a.h", ""));
            now.inputs[1] = file("src/main.c", "changed");
            now.inputs.pop();
        },
        &[
            "input  src/a.h  added",
            "input  src/main.c  contents changed",
            "input  src/util.h  removed",
        ],
    );
    told(|now| now.inputs[0].mode = 0o755, &["input  src/main.c  mode 644 became 755"]);
    told(
        |now| now.inputs[0] = Input { mode: 0o4755, ..file("src/main.c", "changed") },
        &["input  src/main.c  contents changed, and mode 644 became 4755"],
    );
    let become_ =
        |content: InputContent| move |now: &mut Description| now.inputs[0].content = content;
    let text = OutputId::of(b"elsewhere");
    told(
        become_(InputContent::Link { text, target: None }),
        &["input  src/main.c  was a file, is a symbolic link"],
    );
    told(
        become_(InputContent::EmptyFolder),
        &["input  src/main.c  was a file, is an empty folder"],
    );
    let linked = |text: &[u8], target: &[u8]| {
        let content =
            InputContent::Link { text: OutputId::of(text), target: Some(OutputId::of(target)) };
        let link = Input { content, ..file("src/link", "") };
        Description { inputs: vec![link], ..compile() }
    };
    let line = |last: &Description, now: &Description| differences(last, now)[0].to_string();
    assert_eq!(line(&linked(b"a", b"x"), &linked(b"b", b"x")), "input  src/link  leads elsewhere");
    assert_eq!(line(&linked(b"a", b"x"), &linked(b"a", b"y")), "input  src/link  contents changed");
}

#[test]
fn several_lines_are_aligned() {
    let mut now = compile();
    now.tool = OutputId::of(b"new");
    now.command[1] = "-O3".into();
    now.env[0].1 = None;
    now.dir = "lib".into();
    now.inputs[1] = file("src/util.h", "changed");
    assert_eq!(
        aligned(&differences(&compile(), &now), 20).join("\n"),
        r#"
directory              src became lib
argument   1           "-O2" became "-O3"
tool       cc          contents changed
env        CFLAGS      "-g" became unset
input      src/util.h  contents changed"#
            .trim_start()
    );
    assert_eq!(aligned(&differences(&compile(), &compile()), 20), [""; 0]);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let inputs = (100..200).map(|n| file(&format!("src/{n}.c"), "")).collect();
    let now = Description { inputs, ..compile() };
    let lines = aligned(&differences(&compile(), &now), 20);
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20], "and 82 more");
}

#[test]
fn a_long_name_does_not_push_the_others_aside() {
    let mut now = compile();
    now.inputs.push(file(&"long/".repeat(30), ""));
    now.inputs[1] = file("src/util.h", "changed");
    let lines = aligned(&differences(&compile(), &now), 20);
    assert_eq!(lines[0], "input  src/util.h  contents changed", "{lines:?}");
    assert!(lines[1].ends_with("long/  added"), "{lines:?}");
}

#[test]
fn of_long_values_that_begin_alike_the_difference_is_shown() {
    let path = "/usr/local/bin:/usr/bin:/bin:/opt/one/bin:/opt/two/bin:/home/user/bin";
    let with = |value: String| {
        let env = vec![("PATH".into(), Some(value.as_str().into()))];
        Description { env, ..compile() }
    };
    let (last, now) = (with(format!("{path}/a:{path}")), with(format!("{path}/b")));
    assert_eq!(
        differences(&last, &now)[0].change(),
        format!(r#""…:/home/user/bin/a:{}…" became "…:/home/user/bin/b""#, &path[..42])
    );
}

#[test]
fn control_characters_and_other_bytes_do_not_reach_the_terminal() {
    let mut now = compile();
    now.command[1] = Text::from(&b"\x1b[2J\xff\"\n"[..]);
    let line = differences(&compile(), &now)[0].to_string();
    assert!(!line.contains(['\x1b', '\n']), "{line:?}");
    assert!(line.contains(r"\xff"), "{line:?}");
}
