//! From environment and settings to an open build artifact cache, for programs that want it where
//! their user expects it and as their user set it up.
//!
//! [`Settings::resolve`] gives every setting with what said so: a flag, a variable, a line of the
//! settings file or nothing. [`open()`] makes a cache of them: the directory, created with a `README`
//! on first use, with a helper in front of it when one is named.
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

#![deny(missing_docs)]

mod debug;
mod dir;
mod env;
mod file;
mod front;
mod kind;
mod names;
mod notice;
mod open;
mod setting;
mod settings;
mod user_folder;

/// Part of [`OpenError`].
pub use cache_prog_client::StartError;
pub use debug::DebugError;
pub use dir::{DirError, Directory, create};
pub use env::{Env, process_env};
pub use file::{FileError, FileProblem};
pub use kind::{WrongValue, parse_max_age, parse_max_size};
pub use names::{DebugNames, Names};
pub use notice::Notice;
pub use open::{OpenError, Opened, Opening, open};
pub use setting::{Flag, OnHelperFailure, Origin, Setting};
pub use settings::{Flags, Settings, SettingsError};
pub use user_folder::NoUserFolder;

/// The example in the repository's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
