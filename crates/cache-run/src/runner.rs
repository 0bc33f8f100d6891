//! The way of a run.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use cache_core::{ActionId, Cache};
use cache_hash::{FileHashMemo, KeySpace};

use crate::capture::{Capture, Captured};
use crate::execute::{ExecuteError, Finished, Invocation, execute};
use crate::last::{How, LastRun};
use crate::lock::{self, Lock};
use crate::outputs::{Products, gather};
use crate::record::Record;
use crate::store::Shelf;
use crate::task::OutputPlace;
use crate::{
    Described, End, Explanation, Miss, NotStored, Note, Outcome, RunError, Signals, Task, describe,
};

/// What runs commands, or replays them.
pub struct Runner<'a> {
    /// Where the results are.
    pub cache: &'a dyn Cache,
    /// The key space of the results: whoever has the same one shares them.
    pub keys: &'a KeySpace,
    /// What the inputs hash to.
    pub files: &'a FileHashMemo,
    /// The folder for the locks, the same for all who share the cache on this machine. It is made
    /// when it is not there. `None`: there are no locks, and of two equal runs at the same time both
    /// run the command.
    pub locks: Option<&'a Path>,
}

/// How a task is run. [`Default`] is the ordinary way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Whether a result is stored, and replayed, although the command failed. One that a signal
    /// ended never is.
    pub cache_failures: bool,
    /// Whether the command is run although there may be a result.
    pub force: bool,
    /// Whether a miss is [explained](Note::Explanation).
    pub explain: bool,
    /// What takes the signals meanwhile. Without it they end this process, and with it the command.
    pub signals: Option<&'a Signals>,
}

/// Where a command reads from and writes to.
pub struct Streams<'a> {
    /// What it is given as stdin, from the beginning; nothing without it. Its hash belongs in
    /// [`Task::stdin`].
    pub stdin: Option<&'a File>,
    /// Takes what it writes to its stdout, as it comes.
    pub stdout: &'a mut dyn Write,
    /// Takes what it writes to its stderr, as it comes.
    pub stderr: &'a mut dyn Write,
    /// Is told what is worth telling meanwhile.
    pub notes: &'a mut dyn FnMut(&Note),
}

impl Runner<'_> {
    /// Runs a task's command, or replays its result when there is one.
    ///
    /// A cache that does not work never keeps the command from being run.
    ///
    /// # Errors
    ///
    /// [`RunError`]: failures of this itself, and a declared output that the command did not make.
    /// A command that fails is an [`Outcome`].
    pub fn run(
        &self,
        task: &Task,
        options: &Options<'_>,
        streams: &mut Streams<'_>,
    ) -> Result<Outcome, RunError> {
        let outputs = task.output_places();
        let holds_all = |path: &PathBuf| task.dir.starts_with(path) || task.root.starts_with(path);
        if let Some(output) = outputs.iter().map(|output| &output.path).find(|path| holds_all(path))
        {
            return Err(RunError::TooWide(output.clone()));
        }
        let described = describe(task, &|name: &OsStr| env::var_os(name), self.files)?;
        for glob in &described.empty_globs {
            (streams.notes)(&Note::EmptyGlob(glob));
        }
        let key = described.description.key(self.keys);
        tracing::info!(%key, inputs = described.description.inputs.len(), "described the command");
        let run = Run { runner: self, task, options, key, described, outputs };
        if !run.outputs.is_empty() {
            // A replay makes files beside the outputs, which would stay behind.
            run.watch_signals()?;
        }
        run.replay_or_execute(streams)
    }
}

/// One run.
struct Run<'a> {
    runner: &'a Runner<'a>,
    task: &'a Task,
    options: &'a Options<'a>,
    key: ActionId,
    described: Described,
    outputs: Vec<OutputPlace>,
}

impl Run<'_> {
    fn replay_or_execute(&self, streams: &mut Streams<'_>) -> Result<Outcome, RunError> {
        let miss = match self.replay(streams)? {
            Ok(outcome) => return Ok(outcome),
            Err(miss) => miss,
        };
        tracing::info!(key = %self.key, %miss, "no result to replay");
        self.watch_signals()?;
        let lock = self.lock(streams)?;
        let miss = match miss {
            // An equal run may have stored it since, whether it was waited for or not.
            miss if miss.is_ordinary() => match self.replay(streams)? {
                Ok(outcome) => return Ok(outcome),
                Err(miss) => miss,
            },
            miss => miss,
        };
        self.execute(miss, lock.as_ref(), streams)
    }

    /// Replays the result, or says why it cannot.
    fn replay(&self, streams: &mut Streams<'_>) -> Result<Result<Outcome, Miss>, RunError> {
        if self.options.force {
            return Ok(Err(Miss::Forced));
        }
        let declared = &self.described.description.outputs;
        let failures = self.options.cache_failures;
        let stop = || self.interrupted().is_some();
        let replayed = self.shelf().replay(declared, &self.task.root, failures, &stop);
        match (replayed, self.interrupted()) {
            (_, Some(signal)) => Err(RunError::Interrupted(signal)),
            (Err(miss), None) => Ok(Err(miss)),
            (Ok(replayed), None) => {
                tracing::info!(key = %self.key, "replaying the result");
                let record = replayed.say([streams.stdout, streams.stderr])?;
                self.last().replayed(self.key, &self.described.description);
                Ok(Ok(Outcome::Replayed { exit: record.exit, saved: record.took() }))
            }
        }
    }

    /// Takes the signals from here on, which costs about as much as a whole lookup.
    fn watch_signals(&self) -> Result<(), RunError> {
        self.options.signals.map_or(Ok(()), Signals::watch).map_err(RunError::Listen)
    }

    /// The right to run the command. `None` where there are no locks.
    fn lock(&self, streams: &mut Streams<'_>) -> Result<Option<Lock>, RunError> {
        let Some(folder) = self.runner.locks else { return Ok(None) };
        let stop = || self.interrupted().is_some();
        match (lock::take(folder, &self.key, streams.notes, &stop), self.interrupted()) {
            (_, Some(signal)) => Err(RunError::Interrupted(signal)),
            (Ok(lock), None) => Ok(lock),
            (Err(error), None) => {
                (streams.notes)(&Note::NoLock { folder, error: &error });
                Ok(None)
            }
        }
    }

    /// Runs the command and stores its result.
    fn execute(
        &self,
        miss: Miss,
        lock: Option<&Lock>,
        streams: &mut Streams<'_>,
    ) -> Result<Outcome, RunError> {
        let last = self.last();
        let description = &self.described.description;
        if !miss.is_ordinary() {
            (streams.notes)(&Note::NotReplayed(&miss));
        }
        if self.options.explain {
            let Runner { cache, keys, .. } = self.runner;
            let explanation = Explanation::new(&miss, description, *cache, keys);
            (streams.notes)(&Note::Explanation(&explanation));
        }
        last.begin(description);
        let mut finished = self.run_command(lock, streams)?;
        let (end, took) = (finished.end, finished.took);
        let not_passed_on = finished.captured.not_passed_on.take();
        let stored = self.store(finished, lock);
        last.end(self.key, stored.as_ref().map_or(How::NotMade, How::from));
        let stored = stored?;
        match not_passed_on {
            Some(error) => Err(RunError::PassOn(error)),
            None => Ok(Outcome::Ran { end, took, miss, stored }),
        }
    }

    fn run_command(
        &self,
        lock: Option<&Lock>,
        streams: &mut Streams<'_>,
    ) -> Result<Finished, RunError> {
        let invocation = Invocation {
            program: &self.described.program,
            command: &self.task.command,
            dir: &self.task.dir,
            stdin: streams.stdin,
            inherited: lock.and_then(Lock::for_command),
            signals: self.options.signals,
        };
        let capture = Capture::new([streams.stdout, streams.stderr]);
        execute(&invocation, capture).map_err(|error| match error {
            ExecuteError::Start(source) => {
                let named = self.task.command.first().map(PathBuf::from).unwrap_or_default();
                RunError::not_started(named, &invocation, source)
            }
            ExecuteError::Wait(error) => RunError::Listen(error),
        })
    }

    /// Stores the result, if it is one to be stored. Fails for outputs that are not there alone.
    fn store(
        &self,
        finished: Finished,
        lock: Option<&Lock>,
    ) -> Result<Result<(), NotStored>, RunError> {
        let exit = match self.exit_to_store(&finished) {
            Ok(exit) => exit,
            Err(why_not) => return Ok(Err(why_not)),
        };
        let products = match gather(&self.outputs) {
            Ok(products) => products,
            Err(problem) => return Ok(Err(problem.into())),
        };
        if exit == 0 && !products.missing.is_empty() {
            return Err(RunError::NotMade(products.missing));
        }
        Ok(self
            .is_settled(&finished, lock)
            .and_then(|()| self.store_products(exit, finished, &products)))
    }

    /// The exit code, if it is that of a result to be stored.
    fn exit_to_store(&self, finished: &Finished) -> Result<i32, NotStored> {
        if let Some(signal) = self.interrupted() {
            return Err(NotStored::Interrupted(signal));
        }
        match finished.end {
            End::Exited(code) if code == 0 || self.options.cache_failures => Ok(code),
            End::Exited(code) => Err(NotStored::Exited(code)),
            End::Signalled(signal) => Err(NotStored::Signalled(signal)),
        }
    }

    /// Whether the result is that of the inputs that were described, and will not change any more.
    fn is_settled(&self, finished: &Finished, lock: Option<&Lock>) -> Result<(), NotStored> {
        if finished.left_open {
            return Err(NotStored::StillRunning);
        }
        if lock.is_some_and(|lock| lock.for_command().is_none()) {
            return Err(NotStored::Orphans);
        }
        match self.described.changes(self.task, self.runner.files) {
            Ok(changes) if changes.is_empty() => Ok(()),
            Ok(changes) => Err(NotStored::InputsChanged(changes)),
            Err(error) => Err(NotStored::InputsUnknown(error)),
        }
    }

    fn store_products(
        &self,
        exit: i32,
        Finished { took, captured, .. }: Finished,
        products: &Products,
    ) -> Result<(), NotStored> {
        let shelf = self.shelf();
        let Captured { streams, order, .. } = captured;
        let outputs = shelf.put_outputs(products)?;
        let streams = shelf.put_streams(streams)?;
        let record = Record::new(exit, took, outputs, streams, order);
        if let Some(signal) = self.interrupted() {
            return Err(NotStored::Interrupted(signal));
        }
        shelf.put_record(&record)?;
        let outputs = record.outputs.len();
        tracing::info!(key = %self.key, exit, outputs, "stored the result");
        Ok(())
    }

    fn shelf(&self) -> Shelf<'_> {
        Shelf { cache: self.runner.cache, keys: self.runner.keys, key: self.key }
    }

    fn last(&self) -> LastRun<'_> {
        LastRun::of(self.runner.cache, self.runner.keys, &self.described.description)
    }

    fn interrupted(&self) -> Option<i32> {
        self.options.signals.and_then(Signals::received)
    }
}
