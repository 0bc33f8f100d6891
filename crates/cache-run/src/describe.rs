//! From a task to the description of its result.

use std::env::consts;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use cache_hash::{FileHashError, FileHashMemo};

use crate::explain::{InputChange, input_changes};
use crate::inputs::{self, Found, Written};
use crate::{Description, Difference, Task, Text, place, tool};
pub use error::DescribeError;

mod error;

/// A task's description, and what running it needs.
#[derive(Debug)]
pub struct Described {
    /// Everything that the result depends on.
    pub description: Description,
    /// The executable that was found: what to start. Absolute.
    pub program: PathBuf,
    /// The globs among the inputs that match nothing. Most often that is a typing mistake.
    pub empty_globs: Vec<OsString>,
    /// When each of the description's inputs was last written to.
    written: Vec<Written>,
}

/// Looks at everything that `task` names, and describes what the command's result depends on.
/// `env` gives the value of a variable; of `PATH` too, in which the command is looked for.
///
/// # Errors
///
/// See [`DescribeError`].
pub fn describe(
    task: &Task,
    env: &dyn Fn(&OsStr) -> Option<OsString>,
    files: &FileHashMemo,
) -> Result<Described, DescribeError> {
    if let Some(path) = [&task.dir, &task.root].into_iter().find(|path| !path.is_absolute()) {
        return Err(DescribeError::NotAbsolute(path.clone()));
    }
    let command = task.command.first().ok_or(DescribeError::NoCommand)?;
    let (program, metadata) = tool::find(command, &task.dir, env(OsStr::new("PATH")))?;
    let tool = inputs::hash(&program, &metadata, files).map_err(|error| match error {
        DescribeError::Hash(FileHashError::Io { operation: "open", source, .. }) => {
            DescribeError::ToolNotReadable { program: command.into(), source }
        }
        error => error,
    })?;
    let outputs = task.output_places();
    let inputs = inputs::collect(task, &outputs, files)?;
    let (found, written) =
        inputs.found.into_iter().map(|Found { input, written }| (input, written)).unzip();
    let description = Description {
        key_version: Description::KEY_VERSION,
        name: task.name.as_deref().map(Text::from),
        platform: Text::from(format!("{} {}", consts::OS, consts::ARCH).as_str()),
        dir: place::name(&task.root, &task.dir),
        command: task.command.iter().map(|argument| argument.as_os_str().into()).collect(),
        tool,
        env: variables(task, env)?,
        outputs: outputs.into_iter().map(|output| output.name).collect(),
        stdin: task.stdin,
        inputs: found,
    };
    Ok(Described { description, program, empty_globs: inputs.empty_globs, written })
}

/// The declared variables, sorted by name, each once.
fn variables(
    task: &Task,
    env: &dyn Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<(Text, Option<Text>)>, DescribeError> {
    let mut variables = Vec::with_capacity(task.env.len());
    for name in &task.env {
        if name.is_empty() || name.as_encoded_bytes().iter().any(|byte| b"=\0".contains(byte)) {
            return Err(DescribeError::NotAVariable(name.clone()));
        }
        variables.push((name.as_os_str().into(), env(name).map(Text::from)));
    }
    variables.sort();
    variables.dedup();
    Ok(variables)
}

impl Described {
    /// The inputs, and the executable, that changed since they were described, for after the
    /// command has run: when there are none, the result is one of what was described. An input
    /// that is as it was, but was written to, counts too: what it was between nobody knows.
    ///
    /// `task` is the one that was described.
    ///
    /// # Errors
    ///
    /// Those of [`describe`](fn@describe) that come from inputs.
    pub fn changes(
        &self,
        task: &Task,
        files: &FileHashMemo,
    ) -> Result<Vec<Difference>, DescribeError> {
        let mut changes = Vec::new();
        if files.hash(&self.program).ok() != Some(self.description.tool) {
            changes.extend(self.description.command.first().cloned().map(Difference::Tool));
        }
        let now = match inputs::collect(task, &task.output_places(), files) {
            Ok(now) => now.found,
            Err(DescribeError::InputMissing { input, .. }) => {
                let name = place::name(&task.root, &place::absolute(&task.dir, &input));
                changes.push(Difference::Input(name, InputChange::Removed));
                return Ok(changes);
            }
            Err(error) => return Err(error),
        };
        let last = self.description.inputs.iter().zip(&self.written);
        let now = now.iter().map(|found| (&found.input, &found.written));
        changes.extend(input_changes(last, now));
        Ok(changes)
    }
}
