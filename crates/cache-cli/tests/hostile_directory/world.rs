//! A cache with good entries and hostile things, and the commands on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use test_attacks::Dice;
use test_attacks::hostile::{self, OWN, Outside, SECRET, SPARSE, Thing};

use crate::LIMIT;
use crate::project::Project;
use crate::support::{Ran, bare};

/// What is stored. All are small, and so a check-up is quick.
pub const CONTENTS: [&str; 6] =
    ["", "one", "two two", "three three three", "four, which is an executable", "five\n"];

/// Of the memory that a command takes for itself, in KiB.
const MEMORY: &str = "1048576";

/// A cache with good entries and hostile things, and the commands on it.
pub struct World {
    pub project: Project,
    pub outside: Outside,
    /// The action IDs of [`CONTENTS`].
    pub actions: Vec<String>,
}

impl World {
    pub fn new(dice: &mut Dice) -> Self {
        let project = Project::new();
        let larder = &project.larder;
        let actions: Vec<_> = CONTENTS.iter().map(|content| larder.put(content, content)).collect();
        let tool = larder.file("tool", CONTENTS[4]);
        let tool = tool.to_str().expect("UTF-8");
        larder.run(["put", &actions[4], tool, "--executable", "tool"]).ok();
        // Makes what an upload leaves in the directory.
        let store = format!("fs://{}", larder.path("store").display());
        let one = larder.file("one", CONTENTS[1]);
        let mut put = larder.command();
        Ran::of(put.arg("put").arg(&actions[1]).arg(one).env("LARDER_REMOTE", store)).ok();
        let mut files: Vec<_> =
            actions.iter().map(|action| (format!("{action}-a"), SECRET.to_vec())).collect();
        for name in ["old-a", "old-d", "counters", "counters.lock", "trim.lock", "size-limit"] {
            files.push((name.to_owned(), SECRET.to_vec()));
        }
        for name in ["trim-position", "counters.new", "locks/lock", "uploads/1/1.journal"] {
            files.push((name.to_owned(), SECRET.to_vec()));
        }
        // As long as a file of hashes, so that it may be taken for one.
        let mut hashes = SECRET.repeat(1000);
        hashes.resize(5 * 4096, 0);
        files.push(("file-hashes".to_owned(), hashes));
        let outside = Outside::new(&larder.path("outside"), &files);
        let world = Self { project, outside, actions };
        if dice.one_in(2) {
            world.run_project();
        }
        world
    }

    pub fn dir(&self) -> PathBuf {
        self.project.larder.dir()
    }

    /// Puts some hostile things into the directory, at least `least` and at most `more` more.
    pub fn deal(&self, dice: &mut Dice, least: usize, more: usize) -> usize {
        let things = least + dice.below(more);
        for _ in 0..things {
            let place = self.place(dice);
            let others: Vec<_> = self.actions.iter().map(|action| self.entry(action)).collect();
            let thing = match Thing::deal(dice, &self.outside, &others) {
                // A check-up would hash it for an hour.
                thing if is_output(&place) && is_huge(&thing) => Thing::Fifo,
                Thing::Link(_) if dice.one_in(3) => {
                    let name = place.file_name().expect("a name");
                    Thing::Link(self.outside.folder().join(name))
                }
                thing => thing,
            };
            thing.put_within(&self.dir(), &place).expect("a hostile thing");
        }
        self.outside.assert_untouched("the dealing");
        things
    }

    fn place(&self, dice: &mut Dice) -> PathBuf {
        let n = dice.below(CONTENTS.len());
        let entry = self.entry(&self.actions[n]);
        let output = self.project.larder.output_file(CONTENTS[n]);
        match dice.below(9) {
            0 => entry,
            1 => output,
            2 => output.join("tool"),
            3 => entry.parent().expect("a folder").to_owned(),
            4 => output.parent().expect("a folder").to_owned(),
            5 => self.dir().join(format!("{:02x}", dice.below(256))),
            6 => self.upload(),
            _ => self.dir().join(dice.pick(&OWN)),
        }
    }

    /// The folder of the one upload that is left.
    fn upload(&self) -> PathBuf {
        let uploads = self.dir().join("larder/uploads");
        // A link that was dealt may lead outside, where nothing is to be read.
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let is_inside = uploads.ancestors().take(2).all(is_folder);
        let mut inside = is_inside.then(|| fs::read_dir(&uploads).ok()).flatten();
        let first = inside.as_mut().and_then(|inside| inside.next()?.ok());
        first.map_or(uploads.join("0123456789abcdef"), |item| item.path())
    }

    fn entry(&self, action: &str) -> PathBuf {
        self.project.larder.entry_file(action)
    }

    /// `larder` with these arguments, in little memory.
    pub fn larder(&self, args: &[&str]) -> Ran {
        let mut command = within_memory();
        command.args(args);
        self.finish(command)
    }

    /// `larder run` in the project.
    pub fn run_project(&self) -> Ran {
        let mut command = within_memory();
        command.args(["run", "--input", "in.txt", "--output", "out.txt", "--"]);
        command.args(["sh", "-c", "cp in.txt out.txt; echo it ran"]);
        command.current_dir(self.project.path(""));
        self.finish(command)
    }

    fn finish(&self, mut command: Command) -> Ran {
        command.env("LARDER_DIR", self.dir());
        let store = format!("fs://{}", self.project.larder.path("store").display());
        command.env("LARDER_REMOTE", store);
        let what = format!("{command:?}");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a child");
        let id = Pid::from_child(&child);
        let (done, ended) = mpsc::channel();
        let wait = thread::spawn(move || done.send(child.wait_with_output()));
        let Ok(output) = ended.recv_timeout(LIMIT) else {
            kill_process(id, Signal::KILL).ok();
            wait.join().ok();
            panic!("it hangs: {what}");
        };
        output.expect("its output").into()
    }

    /// Does something that must not hang.
    pub fn within_a_minute(&self, what: &str, work: impl FnOnce() + Send + 'static) {
        let (done, ended) = mpsc::channel();
        let work = thread::spawn(move || {
            work();
            done.send(()).ok();
        });
        match ended.recv_timeout(LIMIT) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs: {what}"),
            _ => work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // There may be folders deeper than a library goes.
        hostile::remove(&self.dir()).ok();
    }
}

/// Whether this is where an output is, or what is in the folder of an executable.
fn is_output(place: &Path) -> bool {
    place.ancestors().take(2).any(|path| path.to_string_lossy().ends_with("-d"))
}

fn is_huge(thing: &Thing) -> bool {
    match thing {
        Thing::Sparse(_) => true,
        Thing::HardLink(file) => fs::symlink_metadata(file).is_ok_and(|file| file.len() >= SPARSE),
        Thing::Holding(inside) => is_huge(inside),
        _ => false,
    }
}

/// `larder` that may not take all memory.
fn within_memory() -> Command {
    let mut command = bare("sh");
    command.args(["-c", "ulimit -d $0 && exec \"$@\"", MEMORY, env!("CARGO_BIN_EXE_larder")]);
    command
}
