//! One step of a build: found, or done and stored.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use cache_core::{ActionId, Cache, CacheExt, Check, Lookup};
use cache_hash::{FileHashMemo, KeySpace};

use crate::depfile;
use crate::tree::Tree;

/// A command that makes one file.
pub struct Step {
    /// What to call it when it was done.
    pub done: &'static str,
    /// The files that the command names.
    pub inputs: Vec<String>,
    /// Without quotes: no name has a space in it.
    pub command: String,
    /// The file that it makes.
    pub output: String,
    /// Whether that is a program.
    pub executable: bool,
}

/// Makes what steps make.
pub struct Maker<'a> {
    /// The project.
    pub tree: Tree,
    cache: &'a dyn Cache,
    keys: KeySpace,
    files: FileHashMemo,
    tools: ActionId,
}

impl<'a> Maker<'a> {
    /// For the project in the working folder.
    pub fn new(cache: &'a dyn Cache) -> Result<Self> {
        // Another salt, other keys: a version that makes things otherwise finds none of these.
        let keys = KeySpace::new(concat!("mini-make ", env!("CARGO_PKG_VERSION")));
        let files = FileHashMemo::new();
        let mut key = keys.hash("tools");
        // The gcc that is on PATH has its version and build in it, which stand for the compiler
        // proper that it starts.
        for tool in ["gcc", "as", "ld", "ar"] {
            writeln!(key, "{tool} {}", files.hash(find(tool)?)?)?;
        }
        Ok(Self { tree: Tree::read(&files)?, cache, tools: key.sum(), keys, files })
    }

    /// Sees to it that a step's output is there, and says in one line how.
    pub fn make(&self, step: &Step) -> Result<()> {
        let before = self.known_before(step)?;
        let found = self.find(step, &before).unwrap_or_else(|e| {
            // A broken cache makes a build slow. It does not make it fail.
            eprintln!("mini-make: {}: looking in the cache: {e:#}", step.output);
            None
        });
        let how = match found {
            Some(how) => how,
            None => self.run(step, &before)?,
        };
        println!("{how:<10} {}", step.output);
        Ok(())
    }

    /// The key of what is known before the step is run. It leads to the list of the files that
    /// were read the last time.
    fn known_before(&self, step: &Step) -> Result<ActionId> {
        let mut key = self.keys.hash(&step.output);
        writeln!(key, "tools {}", self.tools)?;
        writeln!(key, "command {}", step.command)?;
        for input in &step.inputs {
            writeln!(key, "input {input} {}", self.files.hash(input)?)?;
        }
        Ok(key.sum())
    }

    /// The key of everything that was read. It leads to the output.
    fn known_after(&self, before: &ActionId, read: &[String]) -> Result<ActionId> {
        let mut key = self.keys.hash("everything");
        writeln!(key, "before {before}")?;
        for file in read {
            writeln!(key, "read {file:?} {}", self.files.hash(file)?)?;
            // A new header of this name may come first in the search path.
            for namesake in self.tree.namesakes(file) {
                writeln!(key, "namesake {namesake}")?;
            }
        }
        Ok(key.sum())
    }

    /// Finds the output in its place, or in the cache and puts it there.
    fn find(&self, step: &Step, before: &ActionId) -> Result<Option<&'static str>> {
        let Some(list) = self.text(before)? else { return Ok(None) };
        let read: Vec<String> = list.lines().map(str::to_owned).collect();
        // Where one of these is gone, the step will read others.
        let Ok(action) = self.known_after(before, &read) else { return Ok(None) };
        let Lookup::Hit(entry) = self.cache.get(&action)? else { return Ok(None) };
        // An output ID is the SHA-256 of a file's bytes, and so is the hash of a file.
        if self.files.hash(&step.output).is_ok_and(|hash| hash == entry.output) {
            return Ok(Some("up to date"));
        }
        let Some(warnings) = self.text(&self.warnings_of(&action))? else { return Ok(None) };
        let Lookup::Hit((_, mut output)) = self.cache.open(&action, Check::Checksum)? else {
            return Ok(None);
        };
        clear(step)?;
        // A copy, so that nothing that is done to the file reaches the cache.
        io::copy(&mut output, &mut fs::File::create_new(&step.output)?)?;
        if step.executable {
            make_executable(&step.output)?;
        }
        eprint!("{warnings}");
        Ok(Some("from cache"))
    }

    /// Runs the command and stores what came of it.
    fn run(&self, step: &Step, before: &ActionId) -> Result<&'static str> {
        clear(step)?;
        let mut words = step.command.split_ascii_whitespace();
        let tool = words.next().context("a step without a command")?;
        // Of the variables, PATH alone reaches it: any other would have to be in the key.
        let ran = Command::new(find(tool)?)
            .args(words)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .output()
            .with_context(|| format!("cannot run {tool}"))?;
        eprint!("{}", String::from_utf8_lossy(&ran.stderr));
        ensure!(ran.status.success(), "{}: {tool} failed ({})", step.output, ran.status);
        let read = match fs::read_to_string(format!("{}.d", step.output)) {
            Ok(rule) => depfile::parse(&rule),
            Err(e) if e.kind() == ErrorKind::NotFound => step.inputs.clone(),
            Err(e) => return Err(e).with_context(|| format!("what {} was made of", step.output)),
        };
        let action = self.known_after(before, &read)?;
        // Only now, with the key made: what changed while it was read must not be stored under it.
        read.iter().try_for_each(|file| self.tree.check(file, &self.files))?;
        // The output after its warnings, and the list last: what is found has all that belongs to it.
        let store = || -> Result<()> {
            self.cache.put_bytes(&self.warnings_of(&action), &ran.stderr)?;
            self.cache.put_file(&action, &fs::File::open(&step.output)?)?;
            self.cache.put_bytes(before, read.join("\n").as_bytes())?;
            Ok(())
        };
        if let Err(e) = store() {
            eprintln!("mini-make: {}: storing it in the cache: {e:#}", step.output);
        }
        Ok(step.done)
    }

    /// The key of a step's second result.
    fn warnings_of(&self, action: &ActionId) -> ActionId {
        self.keys.subkey(action, "warnings")
    }

    /// A small text from the cache.
    fn text(&self, action: &ActionId) -> Result<Option<String>> {
        let found = self.cache.get_bytes(action, 1 << 20)?.hit();
        Ok(found.map(|(_entry, bytes)| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Where a tool is.
fn find(tool: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(tool)).find(|it| it.is_file());
    found.with_context(|| format!("there is no {tool} on PATH; install it"))
}

/// Takes away what an earlier build left: `ar` would add to it, and a program may be running.
fn clear(step: &Step) -> Result<()> {
    if let Some(folder) = Path::new(&step.output).parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for file in [&step.output, &format!("{}.d", step.output)] {
        if let Err(e) = fs::remove_file(file) {
            ensure!(e.kind() == ErrorKind::NotFound, "cannot remove {file}: {e}");
        }
    }
    Ok(())
}

/// A cache keeps bytes; modes are for whoever restores them.
fn make_executable(program: &str) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    }
    let _ = program;
    Ok(())
}
