//! Files without a name, where the system has none.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::by::By;

impl By {
    pub(super) fn create_unnamed(&self, _: &Path, _: &str, _: u32) -> io::Result<File> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn name_by_descriptor(&self, _: &Path, _: &File, _: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn name_by_proc(&self, _: &Path, _: &File, _: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}
