//! Inputs that are named by a glob.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::DescribeError;

/// A glob, taken apart into the folder that all of its matches are in, and what they match there.
#[derive(Debug)]
pub(super) struct Glob {
    /// The components before the first one with anything special in it.
    pub(super) base: PathBuf,
    /// How many folders down a match can be, counting its own name; `None` when there is no limit.
    pub(super) depth: Option<usize>,
    matcher: GlobMatcher,
}

impl Glob {
    /// Whether there is anything in `input` that a glob is made of.
    pub(super) fn is_glob(input: &OsStr) -> bool {
        input.as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte))
    }

    pub(super) fn parse(input: &OsStr) -> Result<Self, DescribeError> {
        let Some(glob) = input.to_str() else {
            return Err(DescribeError::GlobNotUtf8(input.to_owned()));
        };
        let special = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
        let (base, pattern) = match glob[..special].rfind('/') {
            Some(slash) => glob.split_at(slash + 1),
            None => ("", glob),
        };
        let failed = |source| DescribeError::Glob { glob: glob.to_owned(), source };
        let matcher = GlobBuilder::new(pattern).literal_separator(true).build().map_err(failed)?;
        let unlimited = pattern.contains("**") || pattern.contains('{') && pattern.contains('/');
        Ok(Self {
            base: base.into(),
            depth: (!unlimited).then(|| pattern.matches('/').count() + 1),
            matcher: matcher.compile_matcher(),
        })
    }

    /// Whether a path relative to the base matches.
    pub(super) fn matches(&self, path: &Path) -> bool {
        self.matcher.is_match(path)
    }
}
