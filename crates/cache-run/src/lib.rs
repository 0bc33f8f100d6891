//! Runs a command once for its inputs and replays its result after that, for build tools and for
//! anyone with a slow command.
//!
//! A [`Task`] says what is to be run and what its result depends on. [`describe()`] looks at all of
//! that and gives a [`Description`], of which the key is a hash. A [`Runner`] asks a cache for the
//! key; it replays what is there, and else runs the command and stores what it made.
//! [`differences`] says why two keys are not the same.
//!
//! What the result depends on is declared and not observed. Watching which files a command opens
//! takes a tracer or a file system of one's own, on each platform another one, slows the command
//! down, and still does not see the files that it looked for in vain. A declaration costs nothing
//! while the command runs, and a miss can be explained in the words of the one who wrote it. The
//! price: what is not declared is taken to make no difference.
//!
//! ```no_run
//! use cache_disk::DiskCache;
//! use cache_hash::{FileHashMemo, KeySpace};
//! use cache_run::{Options, Runner, Streams, Task, project_root};
//!
//! let dir = std::env::current_dir()?;
//! let task = Task {
//!     command: vec!["cc".into(), "-c".into(), "main.c".into()],
//!     root: project_root(&dir),
//!     inputs: vec!["main.c".into(), "include".into()],
//!     outputs: vec!["main.o".into()],
//!     dir,
//!     ..Task::default()
//! };
//! let runner = Runner {
//!     cache: &DiskCache::open("/home/user/.cache/my-tool")?,
//!     keys: &KeySpace::new("my-tool 1.2"),
//!     files: &FileHashMemo::open("/home/user/.cache/my-tool.files"),
//!     locks: Some("/home/user/.cache/my-tool.locks".as_ref()),
//! };
//! let mut streams = Streams {
//!     stdin: None,
//!     stdout: &mut std::io::stdout(),
//!     stderr: &mut std::io::stderr(),
//!     notes: &mut |note| eprintln!("{note}"),
//! };
//! let outcome = runner.run(&task, &Options::default(), &mut streams)?;
//! runner.files.save()?;
//! # let _ = outcome;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod capture;
mod describe;
mod description;
mod error;
mod execute;
mod explain;
mod explanation;
mod inputs;
mod last;
#[cfg_attr(not(unix), path = "listen_portable.rs")]
mod listen;
mod lock;
mod note;
mod outcome;
mod outputs;
mod place;
mod record;
mod replay;
mod restore;
mod root;
mod runner;
mod running;
#[cfg_attr(not(unix), path = "signals_portable.rs")]
mod signals;
mod stdin;
mod store;
mod task;
mod text;
mod tool;

pub use describe::{DescribeError, Described, describe};
pub use description::{Description, Input, InputContent};
pub use error::RunError;
pub use execute::End;
pub use explain::{Change, Difference, InputChange, StdinChange, aligned, differences};
pub use explanation::{Explanation, Reason};
pub use note::Note;
pub use outcome::{Miss, NotStored, Outcome};
pub use outputs::OutputProblem;
pub use root::project_root;
pub use runner::{Options, Runner, Streams};
pub use running::{RunsUnderWay, runs_under_way};
pub use signals::Signals;
pub use stdin::{Stdin, read_stdin};
pub use task::Task;
pub use text::Text;

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
