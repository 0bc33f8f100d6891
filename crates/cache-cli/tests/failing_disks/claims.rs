//! What commands do on a disk that is full or read-only, one by one.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use test_attacks::mount::Mounted;

use crate::disk::Disk;
use crate::project::{Project, temporaries};
use crate::support::user::ACTION;
use crate::support::{Larder, Ran, bare, files, unused_for_days};

/// Some KiB of memory as a disk.
fn small_disk(project: &Project, name: &str, kib: u32) -> Mounted {
    Mounted::in_memory(&format!("size={kib}k"), project.larder.path(name))
}

#[test]
fn a_read_only_file_system() {
    let larder = Larder::new();
    let mounted = Mounted::in_memory("size=10m", larder.dir());
    let action = larder.put("a", "bytes");
    let file = larder.file("file", "other bytes");
    let dir = larder.dir();
    mounted.remount("ro");
    let before = larder.files();
    let put = larder.run(["put", ACTION, file.to_str().expect("UTF-8")]);
    put.says(3, [dir.to_str().expect("UTF-8"), "read-only", "--dir"]);
    let clean = larder.run(["clean"]);
    clean.says(3, [dir.to_str().expect("UTF-8"), "read-only"]);
    let target = dir.join("target");
    let get = larder.run(["get", &action, "-o", target.to_str().expect("UTF-8")]);
    get.says(3, [target.to_str().expect("UTF-8"), "can write to"]);
    assert_eq!(larder.run(["get", &action]).ok(), "bytes");
    assert_eq!(larder.files(), before);
}

#[test]
fn a_full_disk() {
    let larder = Larder::new();
    let full = larder.path("full");
    let _mounted = Mounted::in_memory("size=1m", &full);
    let large = larder.file("large", vec![2; 2_000_000]);
    let dir = full.join("cache");
    let on_full = |args: &[&str]| {
        let mut command = bare(env!("CARGO_BIN_EXE_larder"));
        Ran::of(command.arg("--dir").arg(&dir).args(args))
    };
    let small = larder.file("small", "bytes");
    on_full(&["put", ACTION, small.to_str().expect("UTF-8")]).ok();
    let before = files(&dir);
    let other = ACTION.replace('0', "1");
    for extra in [&[][..], &["--durable"], &["--executable", "name"]] {
        let put = [&["put", &other, large.to_str().expect("UTF-8")], extra].concat();
        let says = [dir.to_str().expect("UTF-8"), "No space left", "larder clean"];
        on_full(&put).says(3, says);
    }
    assert_eq!(files(&dir), before);
    on_full(&["get", &other]).says(1, ["no entry"]);
    assert_eq!(on_full(&["get", ACTION]).ok(), "bytes");

    let before = files(&full);
    let action = larder.put("large", vec![2; 2_000_000]);
    let target = full.join("target");
    let target = target.to_str().expect("UTF-8");
    let get = larder.run(["get", &action, "-o", target]);
    get.says(3, [target, "No space left", "free some space"]);
    assert_eq!(files(&full), before);
}

#[test]
fn a_disk_that_gets_full_in_the_middle_of_a_put() {
    let larder = Larder::new();
    let disk = Disk::ext4(&larder.dir());
    let kept = larder.put("kept", vec![1; 300_000]);
    let before = larder.files();
    let mut put = larder.command();
    put.args(["put", ACTION, "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut put = put.stdout(Stdio::piped()).spawn().expect("a larder");
    let mut stdin = put.stdin.take().expect("a pipe");
    stdin.write_all(&vec![2; 1_000_000]).expect("bytes");
    disk.fill(0);
    // It ends as soon as it can store no more, and then nobody reads the rest.
    stdin.write_all(&vec![3; 3_000_000]).ok();
    drop(stdin);
    let ran = Ran::from(put.wait_with_output().expect("an end"));
    ran.says(3, [larder.dir().to_str().expect("UTF-8"), "No space left", "larder clean"]);
    disk.works_again(crate::Fault::Full);
    assert_eq!(larder.files(), before);
    assert_eq!(larder.run(["get", &kept]).stdout, vec![1; 300_000]);
    larder.put("another", vec![2; 4_000_000]);
}

#[test]
fn a_directory_that_cannot_be_made() {
    let project = Project::new();
    let full = project.larder.path("full");
    let mounted = Mounted::in_memory("size=1m,nr_inodes=1", &full);
    let dir = full.join("cache");
    let larder = |args: &[&str]| {
        let mut command = bare(env!("CARGO_BIN_EXE_larder"));
        command.arg("--dir").arg(&dir).args(args).current_dir(project.path(""));
        Ran::of(&mut command)
    };
    let run = || larder(&["run", "--input", "in.txt", "--", "sh", "-c", "cat in.txt; exit 7"]);
    for (options, says) in
        [("rw", ["No space left", "larder clean"]), ("ro", ["Read-only file system", "--dir"])]
    {
        mounted.remount(options);
        let says = [dir.to_str().expect("UTF-8"), "cannot make", says[0], says[1]];
        larder(&["put", ACTION, "in.txt"]).says(3, says);
        let ran = run();
        assert_eq!((ran.code, ran.text()), (Some(7), "the input\n".into()), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        for part in says.into_iter().chain(["storing nothing"]) {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_full_disk_costs_the_entry_and_not_the_command() {
    let project = Project::new();
    let _disk = small_disk(&project, "cache", 64 * 5);
    let script = "echo ran >> $RAN; head -c 1000000 /dev/urandom > out.txt; echo said; exit 0";
    for times in 1..=2 {
        let ran = project.in_out(script);
        assert_eq!((ran.code, ran.text(), project.times()), (Some(0), "said\n".into(), times));
        assert!(ran.stderr.contains("not stored: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("larder clean"), "{}", ran.stderr);
        assert_eq!(fs::metadata(project.path("out.txt")).unwrap().len(), 1_000_000);
    }
}

#[test]
fn a_full_disk_under_the_outputs_leaves_them_as_they_were() {
    let project = Project::new();
    let _disk = small_disk(&project, "project/out", 256);
    let script = "echo ran >> $RAN; if [ -e ../go ]; then head -c 100000 /dev/zero > out/a; \
                  head -c 100000 /dev/zero > out/b; fi; [ -e ../go ]";
    let run = || project.run(&["--output", "out/a", "--output", "out/b"], script);
    project.larder.file("go", "");
    run().stored();
    fs::remove_file(project.larder.path("go")).unwrap();
    for name in ["out/a", "out/b"] {
        project.write(name, "as it was");
    }
    fs::write(project.path("out/filler"), vec![1; 120_000]).unwrap();
    let ran = run();
    assert!(ran.stderr.contains("cannot replay, so the command is run"), "{}", ran.stderr);
    assert_eq!((ran.code, project.times()), (Some(1), 2));
    assert_eq!(
        (project.read("out/a"), project.read("out/b")),
        ("as it was".into(), "as it was".into())
    );
    assert_eq!(temporaries(&project.path("")).len(), 0);
}

/// On a disk without a free byte nothing is counted, remembered or stamped, and everything that can
/// be done without is done.
#[test]
fn what_cannot_be_counted_remembered_or_stamped_stops_nothing() {
    let project = Project::new();
    let larder = &project.larder;
    let disk = Disk::in_memory(&larder.dir());
    let script = "echo ran >> $RAN; cat in.txt > out.txt; echo said";
    let run = || project.in_out(script);
    run().stored();
    let old = larder.put("old", vec![1; 500_000]);
    let kept = larder.put("kept", vec![2; 500_000]);
    for ours in [larder.dir().join("larder"), larder.dir().join("trim.txt")] {
        match ours.is_dir() {
            true => fs::remove_dir_all(ours).expect("what is larder's"),
            false => fs::remove_file(ours).ok().unwrap_or_default(),
        }
    }
    disk.fill(0);

    assert_eq!(larder.run(["get", &kept]).stdout, vec![2; 500_000]);
    project.remove("out.txt");
    let replayed = run().replayed();
    assert_eq!((replayed.text(), project.read("out.txt")), ("said\n".into(), "the input\n".into()));
    larder.run(["stats"]).ok();
    larder.run(["verify"]).ok();
    unused_for_days(&larder.entry_file(&old), 6);
    unused_for_days(&larder.output_file(vec![1; 500_000]), 6);
    let trimmed = larder.run(["trim", "--force", "--max-size", "1KiB"]).ok();
    assert!(trimmed.contains("1 entry and 1 output"), "{trimmed}");
    larder.run(["get", &old]).says(1, ["no entry"]);
    assert_eq!(larder.run(["get", &kept]).stdout, vec![2; 500_000]);
    // A trim has made room.
    larder.put("new", vec![3; 300_000]);

    disk.fill(0);
    let file = larder.file("file", vec![4; 100_000]);
    let put = ["put", ACTION, file.to_str().expect("UTF-8")];
    larder.run(put).says(3, ["No space left", "larder clean"]);
    larder.run(["clean"]).ok();
    larder.run(put).ok();
}
