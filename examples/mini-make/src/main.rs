//! Builds a C project: each `lib/*.c` goes into one library, and each `bin/*.c` becomes a program
//! that is linked with it. What was made once, here or in another checkout, is not made again.
//!
//! `mini-make [PROJECT [CACHE]]`

mod depfile;
mod step;
mod tree;

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result};
use cache_core::Cache;
use cache_disk::DiskCache;
use rayon::prelude::*;

use crate::step::{Maker, Step};

fn main() -> Result<()> {
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let project = args.next().unwrap_or_else(|| ".".into());
    let cache = open_cache(args.next().unwrap_or_else(|| env::temp_dir().join("mini-make")))?;
    // From here on every path is relative to the project, for the compiler as for the keys: that is
    // how two checkouts come to the same keys.
    env::set_current_dir(&project).with_context(|| project.display().to_string())?;
    let built = build(cache.as_ref());
    // A build that failed has used the cache too, and is no reason not to trim it.
    if let Err(e) = cache.close() {
        eprintln!("mini-make: the cache was not trimmed: {e}");
    }
    built
}

/// The only function that knows what kind of cache it is.
fn open_cache(dir: PathBuf) -> Result<Box<dyn Cache>> {
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let cache = DiskCache::builder(dir)
        // Whoever waits for a build does not wait for its trim.
        .close_budget(Duration::from_millis(200))
        .open()?;
    Ok(Box::new(cache))
}

fn build(cache: &dyn Cache) -> Result<()> {
    fs::create_dir_all("build").context("cannot create build")?;
    let lock = fs::File::create("build/lock").context("cannot create build/lock")?;
    // Another build would write the very files that this one stores.
    lock.try_lock().context("another mini-make is building this project")?;
    let maker = Maker::new(cache)?;
    let (library, programs) = (maker.tree.sources("lib"), maker.tree.sources("bin"));
    library.par_iter().chain(&programs).try_for_each(|source| maker.make(&compile(source)))?;
    maker.make(&archive(&library))?;
    programs.par_iter().try_for_each(|program| maker.make(&link(program)))
}

// The compiler and the linker write beside the output which files they have read.
// No `-g` and no absolute path, so that no object holds where the checkout is; nor may one hold
// the time.

fn compile(source: &str) -> Step {
    let output = object(source);
    Step {
        done: "compiled",
        inputs: vec![source.to_owned()],
        command: format!(
            "gcc -O2 -Wall -Werror=date-time -Iinclude -MD -MF {output}.d -c {source} -o {output}"
        ),
        output,
        executable: false,
    }
}

fn archive(sources: &[String]) -> Step {
    let inputs: Vec<String> = sources.iter().map(|source| object(source)).collect();
    Step {
        done: "archived",
        command: format!("ar rcD {LIBRARY} {}", inputs.join(" ")), // D: without times and owners
        inputs,
        output: LIBRARY.into(),
        executable: false,
    }
}

fn link(source: &str) -> Step {
    let (object, output) = (object(source), format!("build/{}", source.trim_end_matches(".c")));
    Step {
        done: "linked",
        command: format!("gcc {object} {LIBRARY} -o {output} -Wl,--dependency-file={output}.d"),
        inputs: vec![object, LIBRARY.into()],
        output,
        executable: true,
    }
}

const LIBRARY: &str = "build/library.a";

fn object(source: &str) -> String {
    format!("build/{}.o", source.trim_end_matches(".c"))
}
