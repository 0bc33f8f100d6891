//! From the environment to a build artifact cache, for programs that want it where their user
//! expects it.
//!
//! [`choose`] says which directory the cache is in and where that choice comes from, [`create`]
//! makes the directory ready for its first use. The rules are those of the go command; the names
//! in them are a value, [`Names`], with presets for Larder and for Go.
//!
//! The environment is a parameter too, a function from a variable's name to its value, although
//! every program passes [`process_env`]: a library that reads the process's environment by itself
//! can be neither tested in threads nor given a setting by its caller.
//!
//! ```no_run
//! use cache_default::{Names, choose, create, process_env};
//!
//! let names = Names::LARDER;
//! let dir = choose(&names, &process_env)?.require(&names)?;
//! create(&dir, &names)?;
//! # Ok::<(), cache_default::DirError>(())
//! ```

#![deny(missing_docs)]

mod dir;
mod names;

pub use dir::{
    Choice, ChooseError, DirError, Directory, NoUserCacheDir, Origin, choose, create, process_env,
};
pub use names::Names;

/// The example in the repository's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
