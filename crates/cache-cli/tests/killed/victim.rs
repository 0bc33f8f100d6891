//! A process that is killed, and what it has said until then.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use cache_core::{ActionId, OutputId};
use cache_prog_wire::{Request, RequestWriter, ResponseReader};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use test_attacks::Dice;

use crate::kind::Kind;
use crate::process::{self, Job};
use crate::project::{DEADLINE, Project, wait_until};
use crate::promised::Promised;
use crate::support::{Larder, ended};
use crate::work::{self, ACTIONS, Put};
use crate::{NAME, helper, runs};

/// How many puts a helper is asked for over its pipes.
const PUTS: usize = 20;

/// The IDs of gets, beyond those of puts: this one and the action's number, and once more.
const GETS: i64 = 1000;

/// A process under way.
pub(crate) struct Victim {
    pub(crate) kind: Kind,
    /// When it was started.
    pub(crate) since: Instant,
    /// What it asks for.
    pub(crate) asked: Vec<Put>,
    child: Process,
    /// What is killed in its place.
    helper: Option<Pid>,
    to_group: bool,
    saying: JoinHandle<Said>,
    stderr: JoinHandle<String>,
    input: Option<JoinHandle<()>>,
}

/// What a process has said.
#[derive(Default)]
pub(crate) struct Said {
    /// Which of its puts were answered.
    stored: Vec<usize>,
    /// What gets gave.
    pub(crate) got: Vec<(ActionId, OutputId)>,
}

/// A process that has ended, with all that it has started.
pub(crate) struct Ended {
    pub(crate) asked: Vec<Put>,
    /// Which puts were answered.
    pub(crate) answered: Vec<Put>,
    pub(crate) got: Vec<(ActionId, OutputId)>,
    /// Whether that was before it was killed.
    pub(crate) by_itself: bool,
}

/// A child that does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Victim {
    /// Starts one; `number` is its own.
    pub(crate) fn start(
        kind: Kind,
        project: &Project,
        promised: &Promised,
        number: u64,
        dice: &mut Dice,
    ) -> Self {
        let larder = &project.larder;
        let number = larder.path(&format!("helper-{number}"));
        let seed = dice.seed();
        let job = |job| process::command(NAME, job, seed, &larder.dir(), &number);
        let (mut asked, mut input) = (Vec::new(), None::<Vec<u8>>);
        let mut command = larder.command();
        match kind {
            Kind::PutOfFile | Kind::PutOfStdin => {
                asked = work::deal(dice, 1);
                let body = promised.body(asked[0].body);
                put(&mut command, &asked[0], dice);
                if kind == Kind::PutOfFile {
                    command.arg(larder.file(&format!("body-{}", asked[0].body), body));
                } else {
                    command.arg("-");
                    input = Some(body.to_owned());
                }
            }
            Kind::TrimBySize => _ = command.args(["trim", "--force", "--max-size", "1MiB"]),
            Kind::TrimByAge => _ = command.args(["trim", "--max-age", "3h"]),
            Kind::Repair => _ = command.args(["verify", "--repair"]),
            Kind::Run => command = runs::command(project, dice.one_in(2)),
            Kind::Serve => {
                asked = work::deal(dice, PUTS);
                input = Some(requests(&asked, promised, dice));
                command.arg("serve");
            }
            Kind::Client => (asked, command) = (process::puts(seed), job(Job::Ask)),
            Kind::Helper => (asked, command) = (process::puts(seed), job(Job::AskOn)),
            Kind::Writer => (asked, command) = (process::puts(seed), job(Job::Write)),
            Kind::Trimmer => command = job(Job::Trim),
        }
        let mut child = spawn(&mut command, larder, input.is_some());
        let stdin = child.0.stdin.take();
        let stdout = child.0.stdout.take().expect("a pipe");
        let stderr = child.0.stderr.take().expect("a pipe");
        let mut victim = Self {
            kind,
            since: Instant::now(),
            asked,
            child,
            helper: None,
            to_group: kind == Kind::Run && dice.one_in(4),
            saying: thread::spawn(move || listen(kind, stdout)),
            stderr: thread::spawn(move || text(stderr)),
            input: stdin
                .zip(input)
                .map(|(stdin, input)| thread::spawn(move || feed(stdin, &input))),
        };
        if kind == Kind::Helper {
            victim.helper = Some(number_in(&number));
            victim.since = Instant::now();
        }
        victim
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let child = Pid::from_child(&self.child.0);
        // It has not been waited for, so its number is nobody else's. Nor is its helper's, for it
        // does not close that before it was killed.
        match self.helper {
            Some(helper) => kill_process(helper, Signal::KILL),
            None if self.to_group => kill_process_group(child, Signal::KILL),
            None => kill_process(child, Signal::KILL),
        }
        .expect("a process to be killed");
    }

    /// Waits until it has ended, with all that it has started. One that was not killed before that
    /// must have ended well.
    pub(crate) fn end(mut self) -> Ended {
        let status = ended(&mut self.child.0, DEADLINE);
        // They are at their end when everybody is gone who has the pipes: a client's helper too.
        let what = format!("what a {} has started has ended too", self.kind.name());
        wait_until(&what, || self.saying.is_finished() && self.stderr.is_finished());
        if let Some(input) = self.input {
            input.join().expect("a writer");
        }
        let stderr = self.stderr.join().expect("a reader");
        let said = self.saying.join().expect("a reader");
        let by_itself = self.helper.is_none() && status.signal() != Some(Signal::KILL.as_raw());
        if by_itself || self.helper.is_some() {
            let is_well = status.success() || self.kind == Kind::Repair && is_no(status);
            assert!(is_well, "a {} has ended with {status}: {stderr}", self.kind.name());
        }
        let answered = said.stored.iter().map(|&index| self.asked[index]).collect();
        Ended { asked: self.asked, answered, got: said.got, by_itself }
    }
}

/// A repair that meets a file that somebody uses leaves it, and says so.
fn is_no(status: ExitStatus) -> bool {
    status.code() == Some(1)
}

fn spawn(command: &mut Command, larder: &Larder, has_input: bool) -> Process {
    // What a process had there when it was killed goes with the test.
    command.env("TMPDIR", larder.path(""));
    if has_input {
        command.stdin(Stdio::piped());
    }
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    Process(command.spawn().expect("a process"))
}

fn put(command: &mut Command, put: &Put, dice: &mut Dice) {
    command.arg("put").arg(work::action(put.action).to_string());
    if dice.one_in(3) {
        command.args(["--executable", "tool"]);
    }
    if dice.one_in(4) {
        command.arg("--durable");
    }
}

/// Puts, with gets in between, and then to close.
fn requests(puts: &[Put], promised: &Promised, dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = RequestWriter::new(&mut text);
    for (id, put) in (1..).zip(puts) {
        let body = promised.body(put.body);
        let (action, output) = (work::action(put.action), OutputId::of(body));
        let request = Request::put(id, &action, &output, body.len() as i64);
        let mut to = writer.put(&request).expect("a request");
        to.write(body).expect("a body");
        to.finish().expect("a body");
        let number = dice.up_to(ACTIONS) as i64;
        let id = GETS * id + number;
        writer.request(&Request::get(id, &work::action(number as u64))).expect("a request");
    }
    writer.request(&Request::close(0)).expect("a request");
    text
}

/// Ends when the process takes no more.
fn feed(mut stdin: ChildStdin, input: &[u8]) {
    std::io::Write::write_all(&mut stdin, input).ok();
}

fn listen(kind: Kind, stdout: ChildStdout) -> Said {
    if kind == Kind::Serve {
        return replies(stdout);
    }
    let said = text(stdout);
    if matches!(kind, Kind::PutOfFile | Kind::PutOfStdin) {
        let stored = if said.ends_with('\n') { vec![0] } else { Vec::new() };
        return Said { stored, ..Said::default() };
    }
    let (stored, got) = process::parse(&said);
    Said { stored, got }
}

fn replies(stdout: ChildStdout) -> Said {
    let mut said = Said::default();
    let mut replies = ResponseReader::new(stdout);
    // The last one may be cut.
    while let Ok(Some(reply)) = replies.next() {
        assert_eq!(reply.error, "", "request {}", reply.id);
        match reply.id {
            0 => {}
            GETS.. => {
                let action = work::action((reply.id % GETS) as u64);
                said.got.extend(reply.output_id().map(|output| (action, output)));
            }
            put => said.stored.push(put as usize - 1),
        }
    }
    said
}

fn text(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a stream");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until a helper has written its number.
fn number_in(file: &Path) -> Pid {
    let mut number = None;
    wait_until("a helper is there", || {
        number = helper::number_in(file).and_then(Pid::from_raw);
        number.is_some()
    });
    number.expect("a number")
}
