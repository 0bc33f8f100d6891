//! What trims have left behind.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use cache_core::{Error, Result};

use super::Examination;
use super::holder::{Holder, holder};
use crate::{age_limit, layout, stamp};

/// What trims have left behind in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trims {
    /// When the last trim by age began.
    pub last: LastTrim,
    /// Whether that trim was cut short, so that the next one goes on there.
    pub is_cut: bool,
    /// The process that is trimming now. `None`: there is none.
    pub running: Option<Holder>,
}

/// When the last trim by age began, as its stamp says, which the go command writes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LastTrim {
    /// There is no stamp.
    Never,
    /// Then. It may lie in the future, when a clock was wrong.
    At(SystemTime),
    /// The stamp says no time, and so counts as none.
    Damaged,
}

impl Examination {
    /// What trims have left behind.
    ///
    /// # Errors
    ///
    /// When one of their files is there and cannot be read.
    pub fn trims(&self) -> Result<Trims> {
        let failed = |operation, name| Error::io(operation, self.root.path_of(name));
        let stamp = stamp::read(&self.root, layout::TRIM_STAMP);
        let last = match stamp.map_err(failed("read", layout::TRIM_STAMP))? {
            None => LastTrim::Never,
            Some(text) => match age_limit::unix_seconds_in(&text).and_then(time) {
                Some(time) => LastTrim::At(time),
                None => LastTrim::Damaged,
            },
        };
        let position = self.root.look_if_there(layout::TRIM_POSITION);
        let position = position.map_err(failed("look at", layout::TRIM_POSITION))?;
        Ok(Trims { last, is_cut: position.is_some(), running: self.trimming()? })
    }

    fn trimming(&self) -> Result<Option<Holder>> {
        let held = match self.root.open_file(layout::TRIM_LOCK) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.and_then(|file| holder(&file)),
        };
        held.map_err(Error::io("look at the lock", self.root.path_of(layout::TRIM_LOCK)))
    }
}

fn time(unix_seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(unix_seconds.unsigned_abs());
    match unix_seconds < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(distance),
        false => SystemTime::UNIX_EPOCH.checked_add(distance),
    }
}
