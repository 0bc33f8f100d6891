//! Processes that are killed at any moment lose nothing of what they were told is noted, and bring
//! nothing back that they were told is done.
//!
//! The variables of `test_attacks` replay a run and say how often it kills.

use std::collections::HashSet;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cache_core::ActionId;
use test_attacks::Attack;

use super::{Journal, Limits, STORE, action};

const DIR: &str = "LARDER_TEST_KILLED_JOURNAL_DIR";
const FIRST: &str = "LARDER_TEST_KILLED_JOURNAL_FIRST";
const THIS: &str = "journal::tests::killed::a_journal_that_is_killed_at_any_moment_loses_nothing";

/// It is rewritten every few lines.
const LIMITS: Limits = Limits { pending: 100_000, rewrite: 700 };

/// Whether it is never done.
fn stays(action: &ActionId) -> bool {
    action.as_bytes()[3] == 0
}

/// Adopts what is there, puts actions for ever and does most of them, and says so before and after
/// each.
fn put_and_do(dir: &Path, first: u32) -> io::Result<()> {
    let (journal, adopted) = Journal::open_with(dir, STORE, LIMITS).unwrap();
    let mut out = io::stdout().lock();
    writeln!(out, "\nbegun")?;
    let mut ready: Vec<ActionId> = adopted;
    for number in first.. {
        let new = action(number);
        writeln!(out, "putting {new}")?;
        journal.put(&new).unwrap();
        writeln!(out, "put {new}")?;
        ready.push(new);
        ready.retain(|action| !stays(action));
        // Two for one, so that what was adopted is done too.
        for action in ready.split_off(ready.len().saturating_sub(2)) {
            writeln!(out, "doing {action}")?;
            journal.done(&action);
            writeln!(out, "done {action}")?;
        }
    }
    Ok(())
}

/// What has to be left, and what may be.
#[derive(Default)]
struct Known {
    noted: HashSet<ActionId>,
    perhaps: HashSet<ActionId>,
}

impl Known {
    /// Takes over what a process said. Its last line may be cut.
    fn hear(&mut self, said: &[u8]) {
        for line in said.split_inclusive(|byte| *byte == b'\n') {
            let Ok(line) = str::from_utf8(line) else { continue };
            let Some((word, id)) = line.strip_suffix('\n').and_then(|line| line.split_once(' '))
            else {
                continue;
            };
            let Ok(action) = id.parse::<ActionId>() else { continue };
            match word {
                "putting" => drop(self.perhaps.insert(action)),
                "put" => drop((self.noted.insert(action), self.perhaps.remove(&action))),
                "doing" => drop((self.noted.remove(&action), self.perhaps.insert(action))),
                "done" => drop(self.perhaps.remove(&action)),
                _ => {}
            }
        }
    }
}

#[test]
fn a_journal_that_is_killed_at_any_moment_loses_nothing() {
    if let Some(dir) = env::var_os(DIR) {
        let first = env::var(FIRST).unwrap().parse().unwrap();
        // Ends when nobody listens any more.
        put_and_do(dir.as_ref(), first).unwrap_err();
        return;
    }
    let mut attack = Attack::new("journal", 30);
    let dir = tempfile::tempdir().unwrap();
    let mut known = Known::default();
    let (mut begun, mut to_begin) = (0, Duration::ZERO);
    while attack.goes_on() {
        let round = attack.round();
        // Several at once, so that the next ones adopt beside each other.
        let together = 1 + attack.dice.up_to(3);
        let mut running: Vec<Child> = (0..together)
            .map(|one| start(dir.path(), 1_000_000 * (4 * round + one) as u32))
            .collect();
        let readers: Vec<_> = running.iter_mut().map(read_from).collect();
        let since = Instant::now();
        let moment = if round.is_multiple_of(2) {
            readers[0].1.recv().expect("it begins");
            to_begin = since.elapsed();
            Duration::from_millis(10)
        } else {
            // Or while they adopt.
            2 * to_begin
        };
        thread::sleep(moment.mul_f64(attack.dice.up_to(1000) as f64 / 1000.0));
        for child in &mut running {
            child.kill().unwrap();
            let status = child.wait().unwrap();
            assert!(status.signal().is_some(), "it ended by itself: {status}");
        }
        // In the order in which they were killed: one can have taken over from the one before.
        for (said, is_begun) in readers {
            begun += is_begun.try_recv().is_ok() as u64;
            known.hear(&said.join().unwrap());
        }
    }
    let (journal, adopted) = Journal::open_with(dir.path(), STORE, LIMITS).unwrap();
    assert_eq!(journal.pending(), adopted.len());
    let adopted: HashSet<ActionId> = adopted.into_iter().collect();
    let lost: Vec<_> = known.noted.difference(&adopted).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let back: Vec<_> = adopted
        .iter()
        .filter(|it| !known.noted.contains(*it) && !known.perhaps.contains(*it))
        .collect();
    assert!(back.is_empty(), "came back: {back:?}");
    attack.held("crowds of uploaders killed", format!("{begun} processes after they had begun"));
}

fn start(dir: &Path, first: u32) -> Child {
    let this = env::current_exe().unwrap();
    let mut command = Command::new(this);
    command.args(["--exact", THIS, "--nocapture"]).env(DIR, dir).env(FIRST, first.to_string());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Everything that it says until it is killed, and whether it has begun.
fn read_from(child: &mut Child) -> (JoinHandle<Vec<u8>>, Receiver<()>) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (begins, begun) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        while out.read_until(b'\n', &mut said).unwrap() > 0 {
            if said.ends_with(b"\nbegun\n") {
                begins.send(()).ok();
            }
        }
        said
    });
    (reader, begun)
}
