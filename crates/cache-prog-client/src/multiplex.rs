//! One helper, many callers: who waits for which reply, whose turn it is to write, and how it all
//! ends.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::process::Command as Program;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cache_core::Error;
use cache_prog_wire::{Command, Request, RequestWriter, Response, ResponseReader};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};

use crate::builder::Limits;
use crate::error::{HelperError, HelperProblem, StartError};
use crate::lifeline::Lifeline;
use crate::lock;
use crate::pipes::{Input, Output};
use crate::process::Process;
use crate::waiting::{Notice, WaitingFor, Waits};

mod close;
mod turn;

pub(crate) use turn::Sending;

/// A helper that runs, or has failed, or was closed.
pub(crate) struct Helper {
    shared: Arc<Shared>,
    known: Vec<Command>,
    reader: Mutex<Option<JoinHandle<()>>>,
    /// Whether it was closed; locked while it is being closed.
    closed: Mutex<bool>,
}

/// What callers and the reading thread share.
struct Shared {
    program: String,
    limits: Limits,
    waits: Arc<Waits>,
    process: Arc<Process>,
    lifeline: Arc<Lifeline>,
    state: Mutex<State>,
    /// Held while the helper is being ended, so that only the first reason counts.
    ending: Mutex<()>,
    /// Holds the helper's stdin while nobody writes to it.
    turns: (Sender<RequestWriter<Input>>, Receiver<RequestWriter<Input>>),
}

struct State {
    stage: Stage,
    /// The number of the next request.
    next: i64,
    /// Who waits for which reply: as many as there are calls at present. Each channel has room for
    /// its one reply, so that the reading thread never waits for a caller.
    waiting: HashMap<i64, Sender<Response>>,
}

enum Stage {
    Open,
    /// It has been, or is being, asked to close; replies may still come.
    Closing,
    Over(Ended),
}

/// Why there is no use in a request any more.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    Closed,
    Failed(HelperError),
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Closed => Error::Closed,
            Ended::Failed(error) => error.into(),
        }
    }
}

impl Helper {
    /// Starts it and waits until it has said what it can do.
    pub(crate) fn start(
        program: &str,
        command: Program,
        limits: Limits,
        notice: Notice,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Spawn { program: program.to_owned(), source };
        let lifeline = Arc::new(Lifeline::new().map_err(failed)?);
        let (process, stdin, stdout) = Process::spawn(command).map_err(failed)?;
        let process = Arc::new(process);
        let waits = Arc::new(Waits::new(program, notice));
        let input = Input::new(stdin, lifeline.clone(), waits.clone(), limits.reply);
        let input = input.map_err(failed)?;
        let output = Output::new(stdout, lifeline.clone(), process.clone());
        let turns = bounded(1);
        turns.0.try_send(RequestWriter::new(input)).ok();
        let (declare, declared) = bounded(1);
        let shared = Arc::new(Shared {
            program: program.to_owned(),
            limits,
            waits,
            process,
            lifeline,
            state: Mutex::new(State {
                stage: Stage::Open,
                next: 1,
                waiting: HashMap::from([(0, declare)]),
            }),
            ending: Mutex::new(()),
            turns,
        });
        let reading = shared.clone();
        let reader = thread::Builder::new()
            .name("cache-helper".to_owned())
            .spawn(move || reading.read(output))
            .map_err(failed)?;
        let mut helper = Self {
            shared,
            known: Vec::new(),
            reader: Mutex::new(Some(reader)),
            closed: Mutex::new(false),
        };
        helper.known = helper.shared.wait_for_commands(&declared)?;
        Ok(helper)
    }

    /// What it can do.
    pub(crate) fn commands(&self) -> &[Command] {
        &self.known
    }

    /// Whether it can do this.
    pub(crate) fn knows(&self, command: &Command) -> bool {
        self.known.contains(command)
    }

    /// Fails when the helper is over.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &lock(&self.shared.state).stage {
            Stage::Open => Ok(()),
            Stage::Closing => Err(Error::Closed),
            Stage::Over(ended) => Err(ended.clone().into()),
        }
    }

    /// What is wrong with one of its answers, after which it goes on.
    pub(crate) fn complaint(&self, problem: HelperProblem) -> Error {
        self.shared.error(problem).into()
    }

    /// Makes a request: `write` writes it under the number that it is given. Returns the reply.
    pub(crate) fn request(
        &self,
        command: Command,
        write: impl FnOnce(&mut RequestWriter<Input>, i64) -> Result<(), Sending>,
    ) -> Result<Response, Error> {
        let shared = &*self.shared;
        let (id, reply) = shared.register(false)?;
        shared.turn()?.write(id, write)?;
        let what = WaitingFor::Answer(command.clone());
        match shared.waits.receive(&reply, shared.limits.reply, &what) {
            Ok(reply) => shared.judge(command, reply),
            Err(RecvTimeoutError::Disconnected) => Err(shared.ended().into()),
            Err(RecvTimeoutError::Timeout) => {
                let after = shared.limits.reply;
                Err(shared.end(HelperProblem::NoAnswer { command, after }).into())
            }
        }
    }
}

impl Shared {
    /// The reading thread: hands every reply to the caller who waits for it, until the end.
    fn read(&self, output: Output) {
        let mut replies = ResponseReader::new(output);
        let problem = loop {
            match replies.next() {
                Ok(Some(reply)) => {
                    let id = reply.id;
                    let mut state = lock(&self.state);
                    let declares = id == 0 && state.waiting.contains_key(&0);
                    if declares && reply.known_commands.is_empty() {
                        // Its exit right afterwards, seen here, cannot hide it.
                        break HelperProblem::DeclaredNothing { error: reply.error };
                    }
                    let waiting = state.waiting.remove(&id);
                    drop(state);
                    let Some(waiting) = waiting else { break HelperProblem::UnknownId(id) };
                    // Fails when the caller has given up, which ends the helper.
                    waiting.try_send(reply).ok();
                }
                Ok(None) => break HelperProblem::Exited,
                Err(e) => break HelperProblem::Garbage(Arc::new(e)),
            }
        };
        self.end(problem);
    }

    fn wait_for_commands(&self, declared: &Receiver<Response>) -> Result<Vec<Command>, StartError> {
        let limit = self.limits.start;
        let ended = match self.waits.receive(declared, limit, &WaitingFor::Start) {
            Ok(first) => return Ok(first.known_commands),
            Err(RecvTimeoutError::Disconnected) => self.ended(),
            Err(RecvTimeoutError::Timeout) => self.end(HelperProblem::NeverDeclared(limit)),
        };
        Err(StartError::Helper(match ended {
            Ended::Failed(error) => error,
            Ended::Closed => self.error(HelperProblem::Exited),
        }))
    }

    /// A number for a request, and where its reply will be. No reply comes once the helper is over:
    /// the channel is disconnected then.
    fn register(&self, to_close: bool) -> Result<(i64, Receiver<Response>), Ended> {
        let mut state = lock(&self.state);
        match &state.stage {
            Stage::Open => {}
            Stage::Closing if to_close => {}
            Stage::Closing => return Err(Ended::Closed),
            Stage::Over(ended) => return Err(ended.clone()),
        }
        let id = state.next;
        state.next += 1;
        let (sender, receiver) = bounded(1);
        state.waiting.insert(id, sender);
        Ok((id, receiver))
    }

    fn judge(&self, command: Command, reply: Response) -> Result<Response, Error> {
        if reply.error.is_empty() {
            return Ok(reply);
        }
        Err(self.error(HelperProblem::Refused { command, message: reply.error }).into())
    }

    fn error(&self, problem: HelperProblem) -> HelperError {
        HelperError { program: self.program.clone(), problem, status: None }
    }

    /// Why it is over.
    fn ended(&self) -> Ended {
        match &lock(&self.state).stage {
            Stage::Over(ended) => ended.clone(),
            Stage::Open | Stage::Closing => Ended::Closed,
        }
    }

    /// Ends the helper because of `problem`, unless it is over already, and lets go everybody who
    /// waits for it. Returns why it is over.
    fn end(&self, problem: HelperProblem) -> Ended {
        let _one_at_a_time = lock(&self.ending);
        let is_closing = match &lock(&self.state).stage {
            Stage::Over(ended) => return ended.clone(),
            Stage::Closing => true,
            Stage::Open => false,
        };
        if is_closing {
            // Whatever a helper does that is being closed is its end, for which `close` waits.
            return self.let_go(Ended::Closed);
        }
        let has_exited = self.process.exits_within(grace(&problem));
        let status = self.process.status();
        self.process.end();
        let problem = match problem {
            HelperProblem::Exited if !has_exited => HelperProblem::ClosedOutput,
            HelperProblem::ClosedInput if has_exited => HelperProblem::Exited,
            problem => problem,
        };
        self.let_go(Ended::Failed(HelperError { status, ..self.error(problem) }))
    }

    fn let_go(&self, ended: Ended) -> Ended {
        {
            let mut state = lock(&self.state);
            state.stage = Stage::Over(ended.clone());
            state.waiting.clear();
        }
        self.lifeline.cut();
        // Closes its stdin: what the helper started may be waiting for that.
        drop(self.turns.1.try_recv());
        ended
    }
}

/// How long the helper may take to exit by itself before it is ended, so that its exit status can
/// be told. What ends its output mostly is its exit, and what writes garbage is often a program
/// that says how it is used.
fn grace(problem: &HelperProblem) -> Duration {
    match problem {
        HelperProblem::Exited | HelperProblem::ClosedInput => Duration::from_secs(2),
        HelperProblem::Garbage(_)
        | HelperProblem::UnknownId(_)
        | HelperProblem::DeclaredNothing { .. } => Duration::from_millis(100),
        _ => Duration::ZERO,
    }
}
