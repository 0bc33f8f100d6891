//! What the user is told about a run.

use std::cell::RefCell;
use std::error::Error;
use std::io;

use cache_run::{
    DescribeError, Difference, End, InputChange, NotStored, Note, Outcome, Reason, RunError,
};

use crate::failure;
use crate::report::{self, duration};
use crate::session::Session;

/// What the user was told: a cause that several things fail of is told once.
pub(super) struct Told<'a> {
    session: &'a Session,
    texts: RefCell<Vec<String>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session, texts: RefCell::default() }
    }

    pub(super) fn tell(&self, text: String) {
        self.session.note(&text);
        self.texts.borrow_mut().push(text);
    }

    /// Tells that something failed, unless what it failed of was told before.
    pub(super) fn tell_failure(&self, what: &str, error: &(dyn Error + 'static)) {
        if !self.has_cause_of(error) {
            self.tell(format!("{what}: {}", failure::in_one_line(error)));
        }
    }

    pub(super) fn note(&self, note: &Note<'_>, cache_failures: bool) {
        let Note::Explanation(explanation) = note else { return self.tell(note.to_string()) };
        if let Reason::Unknown(error) = &explanation.reason
            && self.has_cause_of(error)
        {
            return;
        }
        let mut text = explanation.to_string();
        if matches!(explanation.reason, Reason::Failed(_)) {
            text += match cache_failures {
                false => "; --cache-failures stores and replays failures",
                true => ", and failures were not to be stored",
            };
        }
        // It was asked for, so -q does not silence it.
        report::lines(&text);
    }

    fn has_cause_of(&self, error: &(dyn Error + 'static)) -> bool {
        let mut cause = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let cause = cause.to_string();
        !cause.is_empty() && self.texts.borrow().iter().any(|text| text.contains(&cause))
    }

    /// What a run came to, in one line.
    pub(super) fn closing_line(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Replayed { exit: 0, saved } => {
                format!("replayed, saving {}", duration(*saved))
            }
            Outcome::Replayed { exit, saved } => {
                format!("replayed a failure with exit code {exit}, saving {}", duration(*saved))
            }
            Outcome::Ran { end: End::Exited(0), took, stored: Ok(()), .. } => {
                format!("ran in {}, and stored", duration(*took))
            }
            Outcome::Ran { end, took, stored: Ok(()), .. } => {
                format!("failed with exit code {} in {}, and stored", end.code(), duration(*took))
            }
            Outcome::Ran { took, stored: Err(NotStored::Cache(error)), .. }
                if self.has_cause_of(error) =>
            {
                let advice = advice_on_cache(error);
                format!("ran in {}, and not stored{advice}", duration(*took))
            }
            Outcome::Ran { took, stored: Err(why), .. } => format!(
                "ran in {}, and not stored: {}{}",
                duration(*took),
                failure::in_one_line(why),
                advice_on_storing(why)
            ),
        }
    }
}

/// What to do so that a result is stored the next time.
fn advice_on_storing(why_not: &NotStored) -> String {
    let is_new = |change: &Difference| matches!(change, Difference::Input(_, InputChange::Added));
    match why_not {
        NotStored::Exited(_) => " (--cache-failures stores that too)".to_owned(),
        NotStored::InputsChanged(changes) if changes.iter().all(is_new) => {
            "; if the command makes it, declare it with --output".to_owned()
        }
        NotStored::InputsChanged(_) => {
            "; if the command did that, have it write to an output instead".to_owned()
        }
        NotStored::StillRunning => {
            "; wait for it in the command, or redirect its output".to_owned()
        }
        NotStored::Cache(error) => advice_on_cache(error),
        _ => String::new(),
    }
}

/// What to do so that the cache takes a result the next time.
fn advice_on_cache(error: &cache_core::Error) -> String {
    failure::advice(error).map_or_else(String::new, |advice| format!("; {advice}"))
}

/// What to do about a failure of a run.
pub(crate) fn advice(error: &RunError) -> Option<&'static str> {
    Some(match error {
        RunError::NotMade(paths) if paths.iter().any(|path| is_like_a_glob(path)) => {
            "--output takes no globs: name the files, or their folder"
        }
        RunError::NotMade(_) => "check what it writes, and how the --output is written",
        RunError::NoInterpreter(_) => "install it, or correct that line",
        RunError::Describe(DescribeError::ToolNotFoundInPath(_)) => {
            "install it, or name it by its path"
        }
        RunError::Describe(DescribeError::ToolNotFound(_)) => "check its name",
        RunError::Describe(DescribeError::ToolNotExecutable(_)) => {
            "make it executable with chmod +x, or name a program"
        }
        RunError::Describe(DescribeError::ToolNotReadable { .. }) => {
            "make it readable for this user"
        }
        RunError::Changed => "run it again",
        RunError::Start { source, .. } | RunError::Listen(source) => {
            return failure::too_many_files(source);
        }
        RunError::Describe(error) => return failure::too_many_files(cause(error)?),
        _ => return None,
    })
}

/// What the system said, where something cannot be described for that.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    match error.downcast_ref() {
        Some(system) => Some(system),
        None => cause(error.source()?),
    }
}

fn is_like_a_glob(path: &std::path::Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte))
}
