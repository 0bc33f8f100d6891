//! What `git` knows of a folder.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{folder_name, remote_url};

/// More bytes than any true answer has.
const ANSWER: u64 = 1 << 20;

/// Variables that lead `git` to another repository than the folder's, as in hooks.
const ELSEWHERE: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE"];

/// The program that is asked, and how long all questions together may take.
pub(super) struct Program<'a> {
    pub(super) name: &'a OsStr,
    pub(super) limit: Duration,
}

impl Default for Program<'_> {
    /// The answers take a hundredth of the time, where the file system answers.
    fn default() -> Self {
        Self { name: OsStr::new("git"), limit: Duration::from_secs(2) }
    }
}

/// What is known of a folder in a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checkout {
    /// The repository's name; see [`remote_url::name`].
    pub(super) repository: Option<String>,
    /// `None` when no branch is checked out.
    pub(super) branch: Option<String>,
    /// The remote's default branch, when it was fetched.
    pub(super) default_branch: Option<String>,
    /// A branch that is there and has the name that default branches have.
    pub(super) usual_branch: Option<String>,
}

/// Looks at the repository that `dir` is in. `None` when it is in none, and when the program does
/// not start, refuses, or takes too long.
pub(super) fn look(program: &Program<'_>, dir: &Path) -> Option<Checkout> {
    let git = Git { program: program.name, dir, until: Instant::now() + program.limit };
    git.checkout().unwrap_or_else(|e| {
        tracing::debug!("cannot ask git about {}: {e}", dir.display());
        None
    })
}

struct Git<'a> {
    program: &'a OsStr,
    dir: &'a Path,
    until: Instant,
}

impl Git<'_> {
    fn checkout(&self) -> io::Result<Option<Checkout>> {
        let Some(folders) = self.ask(&["rev-parse", "--show-toplevel", "--git-common-dir"])? else {
            return Ok(None);
        };
        let remotes = self.ask(&["remote", "-v"])?.unwrap_or_default();
        let (remote, url) = first_remote(&remotes).unwrap_or_default();
        let head = self.ask(&["symbolic-ref", "-q", "HEAD"])?.unwrap_or_default();
        let of_remote = format!("refs/remotes/{remote}/");
        let refs = self.branches(&of_remote)?;
        let find = |wanted: &str| refs.iter().find(|(name, _)| name == wanted);
        let default = find(&format!("{of_remote}HEAD")).map(|(_, target)| target);
        let is_there = |branch: &str| {
            let places = [format!("refs/heads/{branch}"), format!("{of_remote}{branch}")];
            places.iter().any(|place| find(place).is_some())
        };
        Ok(Some(Checkout {
            repository: remote_url::name(url).or_else(|| self.folder(&folders)),
            branch: head.trim_end().strip_prefix("refs/heads/").map(str::to_owned),
            default_branch: default
                .and_then(|name| name.strip_prefix(&of_remote))
                .map(str::to_owned),
            usual_branch: ["main", "master"]
                .into_iter()
                .find(|branch| is_there(branch))
                .map(str::to_owned),
        }))
    }

    /// The references that say something about the default branch, each with what it stands for.
    fn branches(&self, of_remote: &str) -> io::Result<Vec<(String, String)>> {
        let of_remote = ["HEAD", "main", "master"].map(|name| format!("{of_remote}{name}"));
        let mut args = vec!["for-each-ref", "--format=%(refname) %(symref)"];
        args.extend(["refs/heads/main", "refs/heads/master"]);
        args.extend(of_remote.iter().map(String::as_str));
        let answer = self.ask(&args)?.unwrap_or_default();
        let pair = |line: &str| {
            line.split_once(' ').map(|(name, target)| (name.to_owned(), target.to_owned()))
        };
        Ok(answer.lines().filter_map(pair).collect())
    }

    /// The name of a repository's top folder. Of several working trees of one repository it is the
    /// first one's, where the repository itself is.
    fn folder(&self, folders: &str) -> Option<String> {
        let mut folders = folders.lines().map(|line| self.dir.join(line));
        let top = folders.next()?;
        let shared: PathBuf = folders.next().and_then(|dir| dir.canonicalize().ok())?;
        match shared.file_name() {
            Some(name) if name == ".git" => folder_name(shared.parent()?),
            _ => folder_name(&top),
        }
    }

    /// What `git` says; `None` when it exits with a failure, which is how it says no.
    fn ask(&self, args: &[&str]) -> io::Result<Option<String>> {
        let mut command = Command::new(self.program);
        command.args(args).current_dir(self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Nothing asked here needs the network. Should that ever change, it is not to end in a
        // question for a password.
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
        command.env("GIT_OPTIONAL_LOCKS", "0");
        ELSEWHERE.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        let mut running = Running(command.spawn()?);
        let Some(stdout) = running.0.stdout.take() else {
            return Err(io::Error::other("it was given no pipe"));
        };
        let (answer, answered) = mpsc::sync_channel(1);
        let read = move || {
            let mut text = Vec::new();
            let read = stdout.take(ANSWER).read_to_end(&mut text);
            // When the time is up, nobody is there to receive it.
            answer.send(read.map(|_| text)).ok();
        };
        thread::Builder::new().name("larder-git".to_owned()).spawn(read)?;
        let too_late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
        let left = self.until.saturating_duration_since(Instant::now());
        let text = answered.recv_timeout(left).map_err(|_| too_late())??;
        let status = running.exit(self.until)?.ok_or_else(too_late)?;
        Ok(status.success().then(|| String::from_utf8_lossy(&text).into_owned()))
    }
}

/// The remote that a repository was cloned from, and its address, out of lines of
/// `NAME<tab>ADDRESS (fetch)`, which are sorted.
fn first_remote(remotes: &str) -> Option<(&str, &str)> {
    let parse = |line| {
        let (name, rest): (&str, &str) = str::split_once(line, '\t')?;
        let (url, _filter) = rest.rsplit_once(" (fetch)")?;
        Some((name, url))
    };
    let mut fetched = remotes.lines().filter_map(parse);
    let first = fetched.clone().next();
    fetched.find(|(name, _)| *name == "origin").or(first)
}

/// A process that does not outlive this value, unless the system cannot end it.
struct Running(Child);

impl Running {
    /// How it exited; `None` when it has not done so.
    fn exit(&mut self, until: Instant) -> io::Result<Option<ExitStatus>> {
        let mut pause = Duration::from_micros(100);
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.0.kill().ok();
            // In a file system that does not answer, a process cannot be ended.
            self.exit(Instant::now() + Duration::from_millis(500)).ok();
        }
    }
}
