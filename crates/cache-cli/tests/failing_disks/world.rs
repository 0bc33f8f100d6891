//! A cache with which something goes wrong now and then, and what has to be in it all the while.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use cache_core::{ActionId, CacheExt, OutputId};
use cache_disk::DiskCache;
use test_attacks::Dice;

use crate::project::Project;
use crate::support::{Ran, bare, files};

/// So many actions there are.
const ACTIONS: usize = 16;

/// No more bytes than this are kept when room is made.
const KEPT: usize = 3 << 20;

/// With fewer bytes than this there is room for more.
const ROOM: u64 = 5 << 20;

/// What was not used for that long is trimmed.
const OLD: Duration = Duration::from_secs(6 * 24 * 60 * 60);

/// Something that goes wrong, and what users are told of it.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What the system says.
    pub cause: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether what is in the cache can still be had.
    pub is_readable: bool,
    /// Flags of `ulimit`.
    pub limits: String,
}

/// A project and its cache.
pub struct World {
    pub project: Project,
    /// Another user, as whom every command runs.
    user: Option<u32>,
    trouble: Option<Trouble>,
    /// What each action leads to.
    kept: BTreeMap<ActionId, Vec<u8>>,
    /// How often something failed.
    pub failures: u64,
}

/// What a failing disk is asked for.
pub enum Work {
    Put { action: ActionId, bytes: Vec<u8>, flags: &'static [&'static str] },
    Run { input: String, times: usize, code: i32 },
}

/// Without all the bytes.
impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Work::Put { action, bytes, flags } => {
                write!(f, "a put of {} bytes under {action} {flags:?}", bytes.len())
            }
            Work::Run { input, times, code } => {
                write!(f, "a run that says {input} {times} times and exits with {code}")
            }
        }
    }
}

impl World {
    /// An empty cache. Commands run as this user, where there is one.
    pub fn new(user: Option<u32>) -> Self {
        let project = Project::new();
        fs::create_dir_all(project.larder.dir()).expect("a cache directory");
        if let Some(user) = user {
            for place in [project.larder.path(""), project.larder.dir(), project.path("")] {
                chown(place, Some(user), Some(user)).expect("a folder of the other user's");
            }
        }
        Self { project, user, trouble: None, kept: BTreeMap::new(), failures: 0 }
    }

    pub fn dir(&self) -> PathBuf {
        self.project.larder.dir()
    }

    /// What is wrong from now on.
    pub fn suffer(&mut self, trouble: Option<Trouble>) {
        self.trouble = trouble;
    }

    /// Something to do, dealt by chance.
    pub fn deal(&self, dice: &mut Dice) -> Work {
        if dice.one_in(3) {
            let (input, times) = (dice.seed().to_string(), 1 + dice.below(20_000));
            return Work::Run { input, times, code: if dice.one_in(4) { 7 } else { 0 } };
        }
        let size = match dice.below(8) {
            0..3 => dice.below(5_000),
            3..6 => dice.below(200_000),
            6 => dice.below(1_000_000),
            _ => dice.below(1_500_000),
        };
        let flags = *dice.pick(&[&[][..], &["--durable"], &["--executable", "tool"]]);
        let action = ActionId::from_bytes([dice.below(ACTIONS) as u8; 32]);
        Work::Put { action, bytes: dice.bytes(size), flags }
    }

    /// Does it, and returns whether it was done. When it was not, that was told, and everything is
    /// as it was.
    pub fn does(&mut self, work: &Work) -> bool {
        let done = match work {
            Work::Put { action, bytes, flags } => self.puts(action, bytes, flags),
            Work::Run { input, times, code } => self.runs(input, *times, *code),
        };
        let left = files(&self.dir()).into_iter().map(|(path, _)| path);
        let left: Vec<_> =
            left.filter(|path| path.extension().is_some_and(|e| e == "tmp")).collect();
        assert!(left.is_empty(), "{work:?} left {left:?}");
        self.failures += u64::from(!done);
        done
    }

    fn puts(&mut self, action: &ActionId, bytes: &[u8], flags: &[&str]) -> bool {
        let file = self.project.larder.file("to-put", bytes);
        let ran = Ran::of(self.larder().arg("put").arg(action.to_string()).arg(file).args(flags));
        if ran.code == Some(0) {
            let answer = format!("{} {}\n", OutputId::of(bytes), bytes.len());
            assert_eq!(ran.ok(), answer);
            self.kept.insert(*action, bytes.to_vec());
            return true;
        }
        let trouble = self.trouble.as_ref().unwrap_or_else(|| panic!("{}", ran.stderr));
        ran.says(3, [trouble.cause, trouble.advice]);
        // Where nothing can be opened, it may be about the file to store.
        let dir = self.dir();
        assert!(!trouble.is_readable || ran.stderr.contains(&*dir.to_string_lossy()));
        false
    }

    /// Runs a command that says a lot. It runs, or is replayed, whatever is wrong with the cache.
    fn runs(&mut self, input: &str, times: usize, code: i32) -> bool {
        self.project.write("in.txt", input);
        let script = format!("cat in.txt > out.txt; yes {input} | head -n {times}; exit {code}");
        let mut command = self.larder();
        command.args(["run", "--cache-failures", "--input", "in.txt", "--output", "out.txt", "--"]);
        let ran = Ran::of(command.args(["sh", "-c", &script]).current_dir(self.project.path("")));
        let what = format!("{:?}: {}", self.trouble, ran.stderr);
        if let Some(Trouble { cause: "Too many open files", advice, .. }) = self.trouble
            && matches!(ran.code, Some(125 | 126))
        {
            // With so few, no command can be started.
            let last = ran.stderr.lines().last().unwrap_or_default();
            assert!(last.contains("Too many open files") && last.contains(advice), "{what}");
            return false;
        }
        assert_eq!(ran.code, Some(code), "{what}");
        assert!(ran.text() == format!("{input}\n").repeat(times), "{what}");
        assert_eq!(self.project.read("out.txt"), input, "{what}");
        assert_eq!(ran.said(), "", "it said nothing itself: {what}");
        let last = ran.stderr.lines().last().unwrap_or_default();
        if last.contains("replayed") || last.contains(", and stored") {
            return true;
        }
        let trouble = self.trouble.as_ref().unwrap_or_else(|| panic!("{what}"));
        assert!(last.contains("not stored") || last.contains("storing nothing"), "{what}");
        assert!(last.contains(trouble.advice) && ran.stderr.contains(trouble.cause), "{what}");
        false
    }

    /// Everything that was put is there, whoever asks, and nothing is bad.
    pub fn is_right(&self) {
        if self.trouble.as_ref().is_some_and(|trouble| !trouble.is_readable) {
            return self.is_nowhere_wrong();
        }
        let cache = DiskCache::open(self.dir()).expect("the directory");
        for (action, bytes) in &self.kept {
            let found = cache.get_bytes(action, u64::MAX).expect("a lookup");
            let found = found.hit().unwrap_or_else(|| panic!("{action} is gone"));
            assert!(found.1 == *bytes, "{action} has wrong bytes");
        }
        if let Some((action, bytes)) = self.kept.first_key_value() {
            let ran = Ran::of(self.larder().args(["get", &action.to_string()]));
            assert!((ran.code, &*ran.stderr) == (Some(0), "") && ran.stdout == *bytes, "{action}");
        }
        let text = Ran::of(self.larder().arg("verify")).ok();
        assert!(text.contains(" 0 bad") && !text.contains("kept changing"), "{text}");
        Ran::of(self.larder().arg("stats")).ok();
    }

    /// Where nothing can be read, commands say that, and never that something is bad.
    fn is_nowhere_wrong(&self) {
        let trouble = self.trouble.as_ref().expect("a trouble");
        if let Some((action, bytes)) = self.kept.first_key_value() {
            let ran = Ran::of(self.larder().args(["get", &action.to_string()]));
            match ran.code {
                Some(0) => assert!(ran.stdout == *bytes, "{action}"),
                // An entry that cannot be read is a miss that says why.
                Some(1) => ran.says(1, [trouble.cause]),
                _ => ran.says(3, [trouble.cause, trouble.advice]),
            }
        }
        for command in [&["verify", "--repair"][..], &["ls"], &["stats"], &["trim", "--force"]] {
            let ran = Ran::of(self.larder().args(command));
            let told = ran.stderr.contains(trouble.cause) && ran.stderr.contains(trouble.advice);
            let is_told = ran.code == Some(3) && told;
            assert!(is_told || ran.code == Some(0), "{command:?}: {:?} {}", ran.code, ran.stderr);
            assert!(!ran.text().contains("bad entry") && !ran.text().contains("bad output"));
            assert!(ran.stderr.lines().all(|line| line.starts_with("larder: ")), "{}", ran.stderr);
        }
    }

    /// Does it on a disk that works, which has room.
    pub fn does_well(&mut self, work: &Work, dice: &mut Dice) {
        assert!(self.trouble.is_none());
        if files(&self.dir()).iter().map(|(_, size)| size).sum::<u64>() > ROOM {
            self.tidies_up(dice);
        }
        assert!(self.does(work), "{work:?} where nothing is wrong");
    }

    /// Makes room: forgets a part of what is there, and trims all that is not kept any more.
    pub fn tidies_up(&mut self, dice: &mut Dice) {
        while self.kept.values().map(Vec::len).sum::<usize>() > KEPT
            || self.kept.len() > ACTIONS / 2
        {
            let action = *self.kept.keys().nth(dice.below(self.kept.len())).expect("one of them");
            self.kept.remove(&action);
        }
        let long_ago = SystemTime::now() - OLD;
        let kept: Vec<_> = self.kept.iter().flat_map(|(a, b)| names(a, b)).collect();
        for folder in (0..=255_u8).map(|folder| self.dir().join(format!("{folder:02x}"))) {
            for file in fs::read_dir(folder).into_iter().flatten().flatten() {
                if !kept.iter().any(|kept| file.file_name() == **kept) {
                    let file = File::open(file.path()).expect("a file");
                    file.set_modified(long_ago).expect("an older mtime");
                }
            }
        }
        // By who runs the test: its user owns what is there.
        let mut trim = bare(env!("CARGO_BIN_EXE_larder"));
        Ran::of(trim.arg("--dir").arg(self.dir()).args(["trim", "--force"])).ok();
    }

    /// `larder` under what is wrong now.
    pub fn larder(&self) -> Command {
        let program = self.program();
        let mut command = match &self.trouble {
            Some(Trouble { limits, .. }) if !limits.is_empty() => {
                let mut shell = bare("sh");
                shell.args(["-c", &format!("ulimit {limits}; exec \"$@\""), "sh"]).arg(program);
                shell
            }
            _ => bare(program),
        };
        command.arg("--dir").arg(self.dir());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Another user may not reach the place where it was built. It is copied by another process: what
    /// this one has open for writing, the children of its other threads have too, and then it cannot
    /// be run.
    fn program(&self) -> PathBuf {
        let built = PathBuf::from(env!("CARGO_BIN_EXE_larder"));
        if self.user.is_none() {
            return built;
        }
        let copied = self.project.larder.path("larder");
        if !copied.exists() {
            Ran::of(Command::new("cp").args([&built, &copied])).ok();
        }
        copied
    }
}

/// The names of an action's entry and of its output.
fn names(action: &ActionId, bytes: &[u8]) -> [String; 2] {
    [format!("{action}-a"), format!("{}-d", OutputId::of(bytes))]
}
