//! Saying that a helper is waited for.

mod support;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_core::{Cache, CacheExt, Lookup};
use cache_prog_client::{HelperProblem, Waiting, WaitingFor};
use support::{action, builder, helper_error, start};

/// What was told, and a file that is there from the first time on.
#[derive(Clone)]
struct Told {
    notices: Arc<Mutex<Vec<Waiting>>>,
    file: PathBuf,
}

impl Told {
    fn new(folder: &tempfile::TempDir) -> Self {
        Self { notices: Arc::default(), file: folder.path().join("told") }
    }

    fn take(&self, waiting: &Waiting) {
        self.notices.lock().unwrap().push(waiting.clone());
        fs::write(&self.file, "").unwrap();
    }

    /// What was waited for, each once.
    fn whats(&self) -> Vec<WaitingFor> {
        let notices = self.notices.lock().unwrap();
        let mut whats: Vec<_> = notices.iter().map(|waiting| waiting.what.clone()).collect();
        whats.dedup();
        whats
    }
}

#[test]
fn a_slow_start_and_a_slow_answer_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (start, get) = (Told::new(&folder), folder.path().join("asked"));
    let script =
        format!("declares-once '{}' answers-once '{}'", start.file.display(), get.display());
    let (told, file) = (start.clone(), get.clone());
    let cache = builder(&script)
        .on_waiting(move |waiting| {
            told.take(waiting);
            if waiting.what != WaitingFor::Start {
                fs::write(&file, "").unwrap();
            }
        })
        .start()
        .unwrap();
    assert!(matches!(cache.get(&action(1)), Ok(Lookup::Miss(_))));
    assert_eq!(
        start.whats(),
        [WaitingFor::Start, WaitingFor::Answer(cache_prog_wire::Command::Get)]
    );
    let text = start.notices.lock().unwrap().last().unwrap().to_string();
    assert!(
        text.starts_with("still waiting for the cache helper \"")
            && text.ends_with("scripted-helper\" to answer a get"),
        "{text}"
    );
}

#[test]
fn a_helper_that_reads_nothing_is_told_before_it_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::new(&folder);
    let taken = told.clone();
    let cache = builder("stops-reading")
        .reply_deadline(Duration::from_secs(8))
        .on_waiting(move |waiting| taken.take(waiting))
        .start()
        .unwrap();
    let error = helper_error(cache.put_bytes(&action(1), &vec![0; 4 << 20]));
    assert!(matches!(error.problem, HelperProblem::NotReading(_)), "{error}");
    assert_eq!(told.whats(), [WaitingFor::Reading]);
}

#[test]
fn without_anybody_to_tell_the_log_is_told() {
    /// Lets the helper go on once the log has been told.
    struct Release(PathBuf);
    impl Write for Release {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if String::from_utf8_lossy(bytes).contains("still waiting for the cache helper") {
                fs::write(&self.0, "")?;
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told");
    let log = tracing_subscriber::fmt().with_writer(Mutex::new(Release(file.clone()))).finish();
    tracing::subscriber::with_default(log, || {
        start(&format!("declares-once '{}' never-answers", file.display()));
    });
}

#[test]
fn a_helper_that_takes_its_time_to_finish_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::new(&folder);
    let taken = told.clone();
    let cache = builder("ignores-close")
        .close_deadline(Duration::from_secs(14))
        .on_waiting(move |waiting| taken.take(waiting))
        .start()
        .unwrap();
    let error = helper_error(cache.close());
    assert!(matches!(error.problem, HelperProblem::StillRunning(_)), "{error}");
    assert_eq!(
        told.whats(),
        [WaitingFor::Answer(cache_prog_wire::Command::Close), WaitingFor::Exit]
    );
}
