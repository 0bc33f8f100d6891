//! A runner on a cache: what it comes to, whatever the cache does.

#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::{
    ActionId, Cache, CacheExt, Error, Lookup, OutputFile, OutputId, PutOptions, Result, Source,
    Stored,
};
use cache_disk::DiskCache;
use cache_hash::{FileHashMemo, KeySpace};
use cache_run::{
    End, Miss, NotStored, Options, Outcome, OutputProblem, RunError, Runner, Streams, Task,
    describe,
};

struct Project {
    folder: tempfile::TempDir,
}

/// What a run came to, and what it said.
struct Ran {
    outcome: Result<Outcome, RunError>,
    stdout: String,
    stderr: String,
    notes: Vec<String>,
}

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(project.path("cache")).unwrap();
        fs::write(project.path("in.txt"), "the input\n").unwrap();
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cache(&self) -> DiskCache {
        DiskCache::open(self.path("cache")).unwrap()
    }

    fn task(&self, script: &str, outputs: &[&str]) -> Task {
        Task {
            command: ["sh", "-c", script].map(OsString::from).into(),
            dir: self.folder.path().to_owned(),
            root: self.folder.path().to_owned(),
            inputs: vec!["in.txt".into()],
            outputs: outputs.iter().map(PathBuf::from).collect(),
            ..Task::default()
        }
    }

    fn key(&self, task: &Task) -> ActionId {
        let described = describe(task, &|name| std::env::var_os(name), &FileHashMemo::new());
        described.unwrap().description.key(&keys())
    }

    fn run(&self, cache: &dyn Cache, task: &Task, options: &Options<'_>) -> Ran {
        let (mut stdout, mut stderr, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let runner = Runner {
            cache,
            keys: &keys(),
            files: &FileHashMemo::new(),
            locks: Some(&self.path("locks")),
        };
        let mut streams = Streams {
            stdin: None,
            stdout: &mut stdout,
            stderr: &mut stderr,
            notes: &mut |note| notes.push(note.to_string()),
        };
        let outcome = runner.run(task, options, &mut streams);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { outcome, stdout: text(stdout), stderr: text(stderr), notes }
    }
}

fn keys() -> KeySpace {
    KeySpace::new("test")
}

const COPY: &str = "cat in.txt > out.txt; echo said; echo aside >&2";

#[track_caller]
fn assert_stored(ran: &Ran) {
    assert!(
        matches!(ran.outcome, Ok(Outcome::Ran { end: End::Exited(0), stored: Ok(()), .. })),
        "{:?}",
        ran.outcome
    );
}

#[track_caller]
fn assert_replayed(ran: &Ran) {
    assert!(matches!(ran.outcome, Ok(Outcome::Replayed { exit: 0, .. })), "{:?}", ran.outcome);
}

#[test]
fn a_task_is_run_once_and_replayed_after_that() {
    let project = Project::new();
    let (cache, task) = (project.cache(), project.task(COPY, &["out.txt"]));
    let ran = project.run(&cache, &task, &Options::default());
    assert_stored(&ran);
    fs::remove_file(project.path("out.txt")).unwrap();
    let replayed = project.run(&cache, &task, &Options::default());
    assert_replayed(&replayed);
    for ran in [ran, replayed] {
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("said\n", "aside\n"));
        assert_eq!(ran.notes, [""; 0]);
    }
    assert_eq!(fs::read_to_string(project.path("out.txt")).unwrap(), "the input\n");
}

#[test]
fn two_places_of_one_tree_share_a_result_and_each_gets_its_own_files() {
    let project = Project::new();
    let cache = project.cache();
    for (place, is_first) in [("one", true), ("another place", false)] {
        let root = project.path(place);
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("sub/in.txt"), "the input\n").unwrap();
        let mut task = project.task(COPY, &[]);
        // Named by its whole path, which differs.
        task.outputs = vec![root.join("sub/out.txt")];
        (task.dir, task.root) = (root.join("sub"), root.clone());
        let ran = project.run(&cache, &task, &Options::default());
        if is_first {
            assert_stored(&ran)
        } else {
            assert_replayed(&ran)
        }
        assert_eq!(fs::read_to_string(root.join("sub/out.txt")).unwrap(), "the input\n");
        fs::remove_file(root.join("sub/out.txt")).unwrap();
    }
}

#[test]
fn a_stored_failure_is_replayed_only_to_those_who_want_failures() {
    let project = Project::new();
    let (cache, task) = (project.cache(), project.task("echo tried; exit 9", &[]));
    let wanted = Options { cache_failures: true, ..Options::default() };
    let ran = project.run(&cache, &task, &wanted);
    assert!(matches!(ran.outcome, Ok(Outcome::Ran { end: End::Exited(9), stored: Ok(()), .. })));
    let replayed = project.run(&cache, &task, &wanted).outcome.unwrap();
    assert!(matches!(replayed, Outcome::Replayed { exit: 9, .. }), "{replayed:?}");
    let again = project.run(&cache, &task, &Options::default()).outcome.unwrap();
    let Outcome::Ran { miss: Miss::Failure(9), stored: Err(NotStored::Exited(9)), .. } = again
    else {
        panic!("{again:?}");
    };
}

#[test]
fn outputs_that_are_missing_are_all_named() {
    let project = Project::new();
    let task = project.task("touch there", &["a", "there", "b/c"]);
    let error = project.run(&project.cache(), &task, &Options::default()).outcome.unwrap_err();
    let RunError::NotMade(paths) = &error else { panic!("{error}") };
    assert_eq!(*paths, [project.path("a"), project.path("b/c")]);
    assert_eq!(error.exit_code(), 125);
}

#[test]
fn what_is_no_file_folder_or_link_is_not_stored() {
    let project = Project::new();
    let task = project.task("rm -rf out; mkdir out; mkfifo out/pipe", &["out"]);
    let outcome = project.run(&project.cache(), &task, &Options::default()).outcome.unwrap();
    let Outcome::Ran { stored: Err(NotStored::Output(OutputProblem::Special(path))), .. } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(path, project.path("out/pipe"));
}

/// A cache that does not do what it is asked for.
struct Broken {
    cache: DiskCache,
    fails_to_get: AtomicBool,
    fails_to_put: AtomicBool,
    /// Gives this file for every output.
    lies: Option<PathBuf>,
}

impl Broken {
    fn new(cache: DiskCache) -> Self {
        let no = || AtomicBool::new(false);
        Self { cache, fails_to_get: no(), fails_to_put: no(), lies: None }
    }
}

fn failure(fails: &AtomicBool) -> Result<()> {
    match fails.load(Ordering::Relaxed) {
        true => Err(Error::Backend("the store is on fire".into())),
        false => Ok(()),
    }
}

impl Cache for Broken {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        failure(&self.fails_to_get)?;
        self.cache.get(action)
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        failure(&self.fails_to_put)?;
        self.cache.put(action, source, options)
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        let file = self.cache.output_file(output)?;
        Ok(file.map(|file| match &self.lies {
            // Only about what is large enough to be none of the record's.
            Some(path) if file.size == LARGE as u64 => OutputFile { path: path.clone(), ..file },
            _ => file,
        }))
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.cache.fuzz_dir()
    }

    fn close(&self) -> Result<()> {
        self.cache.close()
    }
}

const LARGE: usize = 300_000;

#[test]
fn a_cache_that_fails_keeps_no_command_from_running() {
    let project = Project::new();
    let task = project.task(COPY, &["out.txt"]);
    let cache = Broken::new(project.cache());
    cache.fails_to_put.store(true, Ordering::Relaxed);
    let ran = project.run(&cache, &task, &Options::default());
    let Ok(Outcome::Ran { end: End::Exited(0), stored: Err(NotStored::Cache(error)), .. }) =
        &ran.outcome
    else {
        panic!("{:?}", ran.outcome);
    };
    assert_eq!(
        (error.to_string().as_str(), ran.stdout.as_str()),
        ("the store is on fire", "said\n")
    );

    cache.fails_to_get.store(true, Ordering::Relaxed);
    cache.fails_to_put.store(false, Ordering::Relaxed);
    let ran = project.run(&cache, &task, &Options::default());
    assert!(matches!(ran.outcome, Ok(Outcome::Ran { miss: Miss::Failed(_), stored: Ok(()), .. })));
    assert_eq!(ran.notes.len(), 1);
    assert!(ran.notes[0].contains("the store is on fire"), "{:?}", ran.notes);

    cache.fails_to_get.store(false, Ordering::Relaxed);
    assert_replayed(&project.run(&cache, &task, &Options::default()));
}

#[test]
fn wrong_bytes_never_reach_an_output_and_leave_all_of_them_as_they_were() {
    let project = Project::new();
    let script = format!(
        "[ -e {} ] && exit 1; echo small > a; head -c {LARGE} /dev/zero > b; echo small > c",
        project.path("stop").display()
    );
    let task = project.task(&script, &["a", "b", "c"]);
    let mut cache = Broken::new(project.cache());
    assert_stored(&project.run(&cache, &task, &Options::default()));

    let lie = project.path("lie");
    fs::write(project.path("stop"), "").unwrap();
    for bytes in [vec![1; LARGE], vec![0; LARGE - 1], vec![0; LARGE + 1], vec![]] {
        fs::write(&lie, bytes).unwrap();
        cache.lies = Some(lie.clone());
        for name in ["a", "b", "c"] {
            fs::write(project.path(name), "as it was").unwrap();
        }
        let ran = project.run(&cache, &task, &Options::default());
        let Ok(Outcome::Ran { end: End::Exited(1), miss: Miss::Incomplete { part, .. }, .. }) =
            &ran.outcome
        else {
            panic!("{:?}", ran.outcome);
        };
        assert_eq!(part, "b");
        for name in ["a", "b", "c"] {
            assert_eq!(fs::read_to_string(project.path(name)).unwrap(), "as it was");
        }
        assert_eq!(temporaries(project.folder.path()), 0);
    }
}

fn temporaries(folder: &Path) -> usize {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().file_name());
    items.filter(|name| name.to_string_lossy().starts_with(".larder-")).count()
}

/// A cache may be shared with others, and what they put is not to be trusted with more than the
/// outputs that were declared.
#[test]
fn a_record_that_names_other_files_is_not_followed() {
    let project = Project::new();
    let (cache, task) = (project.cache(), project.task(COPY, &["out.txt"]));
    assert_stored(&project.run(&cache, &task, &Options::default()));
    let key = project.key(&task);
    let (_, record) = cache.get_bytes(&key, 1 << 20).unwrap().hit().unwrap();
    let record = String::from_utf8(record).unwrap();
    assert!(record.contains("\"out.txt\""), "{record}");
    for name in ["victim", "out.txt/../victim", "/victim", "../victim"] {
        let evil = record.replace("\"out.txt\"", &format!("{name:?}"));
        cache.put_bytes(&key, evil.as_bytes()).unwrap();
        let ran = project.run(&cache, &task, &Options::default());
        assert!(
            matches!(
                ran.outcome,
                Ok(Outcome::Ran { miss: Miss::Malformed(_), stored: Ok(()), .. })
            ),
            "{:?}",
            ran.outcome
        );
        assert!(!project.path("victim").exists());
        assert_replayed(&project.run(&cache, &task, &Options::default()));
    }
}

#[test]
fn in_verify_mode_every_command_runs_and_a_difference_is_told() {
    let project = Project::new();
    let script =
        "echo \"at $(date +%N)\"; cat ../given > out.txt 2> /dev/null || cat given > out.txt";
    let task = project.task(script, &["out.txt"]);
    let cache = DiskCache::builder(project.path("cache")).verify(|_| None).open().unwrap();
    fs::write(project.path("given"), "one").unwrap();
    // What it says differs each time, which is no failure.
    for _ in 0..2 {
        assert_stored(&project.run(&cache, &task, &Options::default()));
    }
    fs::write(project.path("given"), "two").unwrap();
    let outcome = project.run(&cache, &task, &Options::default()).outcome.unwrap();
    assert!(
        matches!(
            outcome,
            Outcome::Ran { stored: Err(NotStored::Cache(Error::VerifyMismatch(_))), .. }
        ),
        "{outcome:?}"
    );
}

#[test]
fn what_is_given_as_stdin_is_read_by_the_command() {
    let project = Project::new();
    let stdin = cache_run::read_stdin(&mut &b"given"[..]).unwrap();
    assert_eq!(stdin.output, OutputId::of(b"given"));
    let task = Task { stdin: Some(stdin.output), ..project.task("cat", &[]) };
    let cache = project.cache();
    for _ in 0..2 {
        let mut stdout = Vec::new();
        let runner = Runner {
            cache: &cache,
            keys: &keys(),
            files: &FileHashMemo::new(),
            locks: Some(&project.path("locks")),
        };
        let mut streams = Streams {
            stdin: Some(&stdin.file),
            stdout: &mut stdout,
            stderr: &mut std::io::sink(),
            notes: &mut |_| {},
        };
        // By force, so that it is read from its beginning twice.
        let options = Options { force: true, ..Options::default() };
        runner.run(&task, &options, &mut streams).unwrap();
        assert_eq!(stdout, b"given");
    }
}

#[test]
fn an_output_that_is_as_it_should_be_is_only_made_new() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let project = Project::new();
    let (cache, task) = (project.cache(), project.task(COPY, &["out.txt"]));
    assert_stored(&project.run(&cache, &task, &Options::default()));
    let out = project.path("out.txt");
    let then = std::time::SystemTime::UNIX_EPOCH;
    fs::File::options().append(true).open(&out).unwrap().set_modified(then).unwrap();
    let mode = fs::metadata(&out).unwrap().mode();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o600)).unwrap();
    let inode = fs::metadata(&out).unwrap().ino();
    assert_replayed(&project.run(&cache, &task, &Options::default()));
    let found = fs::metadata(&out).unwrap();
    assert_eq!((found.ino(), found.mode()), (inode, mode));
    assert!(found.modified().unwrap() > then, "as old as before");
    assert_eq!(fs::read_to_string(&out).unwrap(), "the input\n");
}

/// A cache during whose puts somebody else is at work.
struct Meddled<'a> {
    cache: DiskCache,
    meddle: &'a (dyn Fn() + Sync),
}

impl Cache for Meddled<'_> {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        self.cache.get(action)
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let is_file = matches!(source, Source::File(_));
        let stored = self.cache.put(action, source, options);
        if is_file {
            (self.meddle)();
        }
        stored
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        self.cache.output_file(output)
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.cache.fuzz_dir()
    }

    fn close(&self) -> Result<()> {
        self.cache.close()
    }
}

#[test]
fn outputs_that_somebody_else_writes_to_meanwhile_are_not_stored() {
    let project = Project::new();
    let task = project.task("echo 1 > a; echo 1 > b", &["a", "b"]);
    let meddle = || fs::write(project.path("a"), "other\n").unwrap();
    let cache = Meddled { cache: project.cache(), meddle: &meddle };
    let outcome = project.run(&cache, &task, &Options::default()).outcome.unwrap();
    let Outcome::Ran { stored: Err(NotStored::Output(OutputProblem::Changed(path))), .. } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(path, project.path("a"));
    assert_stored(&project.run(&project.cache(), &task, &Options::default()));
}

#[test]
fn an_output_that_everything_is_in_is_refused() {
    let project = Project::new();
    for output in [".", "..", "/", "sub/.."] {
        let task = project.task("touch ran", &[output]);
        let error = project.run(&project.cache(), &task, &Options::default()).outcome.unwrap_err();
        assert!(matches!(error, RunError::TooWide(_)), "{error}");
    }
    assert!(!project.path("ran").exists());
}
