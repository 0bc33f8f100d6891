//! The oracle: the Go toolchain's own build cache, behind a small command of ours.
//!
//! Go's cache package is internal to its command, so that no program can import it. Its source is
//! copied out of the toolchain, its imports are renamed, and stand-ins take the place of the few
//! packages that only the toolchain can have. `xtask/go-oracle` holds the stand-ins and the
//! command; nothing of Go's is kept in this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use crate::go::Go;
use crate::place;

/// Go's packages that are taken as they are, by their folder in GOROOT/src, and where they go.
const TAKEN: &[(&str, &str)] = &[
    ("cmd/go/internal/cache", "cache"),
    ("cmd/go/internal/cacheprog", "cacheprog"),
    ("cmd/go/internal/lockedfile", "lockedfile"),
    ("cmd/go/internal/lockedfile/internal/filelock", "lockedfile/internal/filelock"),
    ("cmd/go/internal/mmap", "mmap"),
    ("cmd/internal/quoted", "quoted"),
];

/// How the imports of what is taken are renamed.
const RENAMED: &[(&str, &str)] = &[
    ("\"internal/godebug\"", "\"oracle/godebug\""),
    ("\"internal/goexperiment\"", "\"oracle/goexperiment\""),
    ("\"cmd/internal/quoted\"", "\"oracle/quoted\""),
    ("\"cmd/go/internal/", "\"oracle/"),
];

/// `cargo xtask oracle [VERSION]`.
pub(crate) fn print_path(version: Option<&str>) -> Result<()> {
    let sh = place::shell()?;
    println!("{}", build(&sh, &Go::get(&sh, version)?)?.display());
    Ok(())
}

/// Builds the oracle with `go`, unless it is there and newer than all that it is made from.
/// Returns its path.
pub(crate) fn build(sh: &Shell, go: &Go) -> Result<PathBuf> {
    let ours = place::root()?.join("xtask/go-oracle");
    let oracle = place::target()?.join(format!("go-oracle-{}", go.version));
    // This program renames the imports, so it is one of the sources.
    let newest = newest(&ours)?.max(modified(&std::env::current_exe()?)?);
    if modified(&oracle).is_ok_and(|built| built > newest) {
        return Ok(oracle);
    }
    eprintln!("xtask: building the oracle with Go {}", go.version);
    let module = tempfile::tempdir()?;
    let module = module.path();
    for (from, to) in TAKEN {
        take(&go.root.join("src").join(from), &module.join(to))?;
    }
    copy_tree(&ours, module)?;
    fs::write(module.join("go.mod"), format!("module oracle\n\ngo {}\n", go.version))?;
    let _dir = sh.push_dir(module);
    go.cmd(sh)
        .args(["build", "-trimpath", "-o"])
        .args([oracle.as_os_str(), ".".as_ref()])
        .quiet()
        .run()
        .context("cannot build the oracle")?;
    Ok(oracle)
}

/// Copies a package of Go's without its tests, with its imports renamed. Files for other systems
/// come along; their build constraints keep them out.
fn take(from: &Path, to: &Path) -> Result<()> {
    // Which package goes with which version differs; a missing one that is needed after all shows
    // when the oracle is built.
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for file in files(from)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // default.go opens the cache that the environment names, with much of the toolchain.
        if !name.ends_with(".go") || name.ends_with("_test.go") || name == "default.go" {
            continue;
        }
        let mut source = fs::read_to_string(&file)
            .with_context(|| format!("cannot read Go's own source {}", file.display()))?;
        for (import, renamed) in RENAMED {
            source = source.replace(import, renamed);
        }
        fs::write(to.join(name), source)?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for path in files(from)? {
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &copy)?;
        } else {
            ensure!(!copy.exists(), "{} would replace a file of Go's", path.display());
            fs::copy(&path, &copy)?;
        }
    }
    Ok(())
}

fn newest(dir: &Path) -> Result<SystemTime> {
    let mut newest = modified(dir)?;
    for path in files(dir)? {
        newest = newest.max(if path.is_dir() { self::newest(&path)? } else { modified(&path)? });
    }
    Ok(newest)
}

fn modified(path: &Path) -> Result<SystemTime> {
    let metadata =
        fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    Ok(metadata.modified()?)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect()
}
