//! From environment and settings to an open build artifact cache, for programs that want it where
//! their user expects it and as their user set it up.
//!
//! [`Settings::resolve`] gives every setting with what said so: a flag, a variable, a line of the
//! settings file or nothing. [`open()`] makes a cache of them: the directory, created with a `README`
//! on first use, with a helper in front of it or a store behind it when one is named.
//!
//! Where the directory is by default, what turns it off and the texts of the errors are those of the
//! go command; the names in them are a value, [`Names`], with presets for Larder and for Go. The
//! environment is a parameter too, a function from a variable's name to its value, although every
//! program passes [`process_env`]: a library that reads the process's environment by itself can be
//! neither tested in threads nor given a setting by its caller.
//!
//! ```no_run
//! use cache_core::CacheExt;
//! use cache_default::{Flags, Names, Settings, open, process_env};
//!
//! let settings = Settings::resolve(&Names::LARDER, Flags::default(), &process_env)?;
//! println!("the cache directory is {:?}, says {}", settings.dir.value, settings.dir.origin);
//!
//! let opened = open(&settings)?;
//! let action = opened.keys("mytool 1.2.0").hash("an example").sum();
//! opened.cache.put_bytes(&action, b"the result")?;
//! opened.cache.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The feature `remote`, which is on by default, has the stores. Without it a store that is named is
//! an error, and what else is said about stores is read and not used.

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod address;
mod debug;
mod dir;
mod env;
mod file;
mod front;
#[cfg(feature = "remote")]
mod key_file;
mod kind;
mod names;
mod notice;
mod open;
mod open_error;
mod setting;
mod settings;
mod sources;
#[cfg(not(feature = "remote"))]
mod stand_in;
#[cfg(feature = "remote")]
mod store;
mod try_helper;
mod user_folder;

pub use address::StoreAddress;
/// Part of [`OpenError`].
pub use cache_prog_client::StartError;
/// Part of [`Opened`].
#[cfg(feature = "remote")]
pub use cache_remote::RemoteCache;
/// Part of [`OpenError`].
#[cfg(feature = "remote")]
pub use cache_remote::{ParseKeyError, StoreError};
/// Parts of [`Settings`].
#[cfg(feature = "remote")]
pub use cache_remote::{PublicKey, Template};
pub use debug::DebugError;
pub use dir::{DirError, Directory, create};
pub use env::{Env, process_env};
pub use file::{FileError, FileProblem};
#[cfg(feature = "remote")]
pub use key_file::{KeyFileError, KeyFileProblem, read_key_pair};
pub use kind::{
    WrongValue, parse_max_age, parse_max_size, parse_remote, parse_remote_access, parse_scope,
    parse_upload_wait,
};
pub use names::{DebugNames, Names, RemoteNames};
pub use notice::Notice;
pub use open::{Opened, Opening, open};
pub use open_error::OpenError;
pub use setting::{Flag, OnHelperFailure, Origin, RemoteAccess, Setting};
pub use settings::{Flags, Settings, SettingsError};
/// Parts of [`Settings`].
#[cfg(not(feature = "remote"))]
pub use stand_in::{PublicKey, Template};
#[cfg(feature = "remote")]
pub use store::{OpenedStore, open_store};
pub use try_helper::{TriedHelper, try_helper};
pub use user_folder::NoUserFolder;

/// The example in the repository's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
