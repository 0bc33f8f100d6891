//! What goes wrong with a store.

use std::env;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use opendal::ErrorKind;

use super::address::Address;
use super::mask::Masks;

/// A failure of a store. Nothing in it is a secret: neither what it shows nor its fields.
#[derive(Debug, Clone)]
pub struct StoreError {
    operation: &'static str,
    key: Option<String>,
    store: String,
    problem: StoreProblem,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreProblem {
    /// The address does not say where a store is, or says something that it cannot.
    #[error("{0}")]
    Address(String),
    /// The service refuses the settings: there is no such bucket, or the region is another.
    #[error("the store refuses the settings: {0}")]
    Settings(String),
    /// The service refuses access.
    #[error("the store refuses access: {0}; check the credentials and what they allow")]
    Refused(String),
    /// No connection could be made.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer, or stopped in the middle.
    #[error("the store did not answer in time")]
    Timeout,
    /// A body came more slowly than was asked for.
    #[error("the store is too slow: {bytes} B came in {:.1} s", within.as_secs_f64())]
    TooSlow {
        /// How much came, in bytes.
        bytes: u64,
        /// In which time.
        within: Duration,
    },
    /// The object is larger than the reader allows, or than the store can take.
    #[error("the object has more than {limit} B")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The service asks to slow down.
    #[error("the store asks to slow down: {0}")]
    Busy(String),
    /// The service cannot do this at all.
    #[error("this kind of store cannot do that")]
    Unsupported,
    /// Anything else that the service or the connection said.
    #[error("{0}")]
    Failed(String),
}

impl StoreError {
    /// What went wrong.
    pub fn problem(&self) -> &StoreProblem {
        &self.problem
    }

    /// The key of the object that it happened to, when it happened to one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether it is about the address, which somebody has to correct.
    pub fn is_mistake(&self) -> bool {
        matches!(self.problem, StoreProblem::Address(_))
    }

    /// Whether the object is too large, for its reader or for the store.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.problem, StoreProblem::TooLarge { .. })
    }

    /// Whether the same may succeed later, without anything being changed by somebody.
    pub fn is_temporary(&self) -> bool {
        match self.problem {
            StoreProblem::Address(_)
            | StoreProblem::Settings(_)
            | StoreProblem::Refused(_)
            | StoreProblem::TooLarge { .. }
            | StoreProblem::Unsupported => false,
            StoreProblem::Unreachable(_)
            | StoreProblem::Timeout
            | StoreProblem::TooSlow { .. }
            | StoreProblem::Busy(_)
            | StoreProblem::Failed(_) => true,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, key, store, problem } = self;
        match key {
            Some(key) => write!(f, "cannot {operation} {key} in the store {store}: {problem}"),
            None => write!(f, "cannot {operation} the store {store}: {problem}"),
        }
    }
}

// What services and libraries said is in the problem, masked; as a source it would not be.
impl StdError for StoreError {}

/// Where a failure happened: what [`StoreError`] says beside the problem.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) operation: &'static str,
    pub(super) key: Option<&'a str>,
    pub(super) store: &'a str,
    pub(super) masks: &'a Masks,
}

impl Place<'_> {
    /// Reads an address.
    pub(super) fn address(&self, uri: &str) -> Result<Address, StoreError> {
        Address::parse(uri, &|name| env::var(name).ok())
            .map_err(|wrong| self.problem(StoreProblem::Address(self.masks.text(&wrong))))
    }

    pub(super) fn problem(&self, problem: StoreProblem) -> StoreError {
        StoreError {
            operation: self.operation,
            key: self.key.map(Into::into),
            store: self.store.into(),
            problem,
        }
    }

    /// The result of a write. One that finds the object there already, where none can be replaced,
    /// is as good.
    pub(super) fn written(
        &self,
        result: opendal::Result<opendal::Metadata>,
    ) -> Result<(), StoreError> {
        match result {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// What OpenDAL says, sorted and masked.
    pub(super) fn failure(&self, error: &opendal::Error) -> StoreError {
        let mut said = self.masks.text(&said(error));
        if said.is_empty() {
            // The answer to a HEAD has no body.
            said = "it does not say why".into();
        }
        self.problem(match error.kind() {
            ErrorKind::ConfigInvalid => StoreProblem::Settings(said),
            ErrorKind::PermissionDenied => StoreProblem::Refused(said),
            ErrorKind::RateLimited => StoreProblem::Busy(said),
            ErrorKind::Unsupported => StoreProblem::Unsupported,
            _ if is_timeout(error) => StoreProblem::Timeout,
            _ if is_unreachable(error) => StoreProblem::Unreachable(said),
            _ => StoreProblem::Failed(said),
        })
    }
}

/// The errors that are the reason of `error`, the nearest first.
fn sources(error: &opendal::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    chain(error.source())
}

/// `first` and the reasons that follow from it.
pub(super) fn chain<'a>(
    first: Option<&'a (dyn StdError + 'static)>,
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(first, |error| (*error).source())
}

fn is_timeout(error: &opendal::Error) -> bool {
    // The timeout layer makes an error of its own, which has nothing else to tell it by.
    error.message().ends_with("timeout reached")
        || sources(error).any(|source| {
            source.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
        })
}

fn is_unreachable(error: &opendal::Error) -> bool {
    sources(error).any(|source| {
        source.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect)
    })
}

/// What a message of a service or a library says. What OpenDAL knows besides (the request's whole
/// address, the answer's headers) is left out: it may hold signatures and tokens.
pub(super) fn said(error: &opendal::Error) -> String {
    let message = error.message();
    // OpenDAL passes on the answers of S3 and Azure in the form in which Rust shows a struct.
    let mut said = match (field(message, "code"), field(message, "message")) {
        (Some(code), None | Some("")) => code.to_owned(),
        (Some(code), Some(text)) => format!("{code}: {text}"),
        _ => message.to_owned(),
    };
    for source in sources(error) {
        let text = source.to_string();
        // Many an error repeats its source.
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
    }
    said
}

fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = message.split_once(&format!("{name}: \""))?;
    value.split_once("\",").or_else(|| value.split_once("\" }")).map(|(value, _)| value)
}
