//! What is wrong with bytes that came from a store, and reading them field by field.

/// What is wrong with bytes from a store, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}, byte {at}: {problem}")]
pub(crate) struct Malformed {
    /// What they should be: `object`, `list`, `pack`.
    pub(crate) what: &'static str,
    /// How many bytes come before the place.
    pub(crate) at: u64,
    /// What is wrong there.
    pub(crate) problem: Problem,
}

/// What is wrong with bytes from a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("it ends here, too early")]
    Cut,
    #[error("it should end here")]
    Surplus,
    #[error("another kind of file begins so")]
    Magic,
    #[error("its version is {0}, and this Larder reads version 1")]
    Version(u8),
    #[error("the checksum is another one")]
    Checksum,
    #[error("zstd cannot decode what comes before it")]
    Zstd,
    #[error("{field} is {found}, over the limit of {limit}")]
    OverLimit { field: &'static str, found: u64, limit: u64 },
    /// A field has a value that none can have beside the others.
    #[error("{0}")]
    Field(&'static str),
}

/// Reads fields one after another. Numbers are little-endian.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    what: &'static str,
    rest: &'a [u8],
    /// How many bytes were read.
    pub(crate) at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of `bytes`, which should be a `what`.
    pub(crate) fn of(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes, at: 0 }
    }

    /// The next `length` bytes.
    pub(crate) fn slice(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let Some((slice, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.wrong_at(self.at + self.rest.len(), Problem::Cut));
        };
        self.rest = rest;
        self.at += length;
        Ok(slice)
    }

    /// The next `N` bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.slice(N)?);
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.bytes().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.bytes().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.bytes().map(i64::from_le_bytes)
    }

    /// The first eight bytes and the version after them, which is 1 in everything that we write.
    pub(crate) fn begin(&mut self, magic: &[u8; 8]) -> Result<(), Malformed> {
        if self.bytes::<8>()? != *magic {
            return Err(self.wrong_at(0, Problem::Magic));
        }
        match self.u8()? {
            1 => Ok(()),
            other => Err(self.wrong_at(8, Problem::Version(other))),
        }
    }

    /// Bytes that no version 1 uses.
    pub(crate) fn zeros(&mut self, length: usize) -> Result<(), Malformed> {
        let at = self.at;
        if self.slice(length)?.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        Err(self.wrong_at(at, Problem::Field("bytes that are not used are not zero")))
    }

    /// That nothing may follow.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong_at(self.at, Problem::Surplus)) }
    }

    /// What is wrong with the field that begins at byte `at`.
    pub(crate) fn wrong_at(&self, at: usize, problem: Problem) -> Malformed {
        Malformed { what: self.what, at: at as u64, problem }
    }
}
