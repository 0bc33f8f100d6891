//! Executables, which a cache may offer.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use cache_core::{ActionId, Error, FileName, PutOptions};

use crate::Factory;
use crate::source::{self, KINDS};
use crate::trial::Trial;

/// A cache either stores an executable so that it runs under its name, or says that it does not
/// offer them, and then has stored nothing.
pub fn an_executable_runs_under_its_name_or_is_refused(factory: Factory<'_>) {
    let trial = Trial::new("an_executable_runs_under_its_name_or_is_refused", factory);
    for kind in KINDS {
        let action = trial.action();
        let name = format!("prints-{}", format!("{kind:?}").to_lowercase());
        let program = format!("#!/bin/sh\nprintf 'this is {name}'\n");
        let executable = match FileName::new(&name) {
            Ok(name) => Some(name),
            Err(e) => trial.fail(&action, e),
        };
        let options = PutOptions { executable, ..PutOptions::default() };
        // The second put finds it there.
        for _ in 0..2 {
            let put = source::with(kind, program.as_bytes(), |source| {
                trial.cache().put(&action, source, &options)
            });
            let stored = match put {
                Err(Error::Unsupported(_)) => {
                    trial.misses(&action, "its put was refused");
                    continue;
                }
                put => trial.must(&action, "a put of an executable", put),
            };
            trial.gives(&action, program.as_bytes());
            let found = trial.cache().output_file(&stored.entry.output);
            let found = trial.must(&action, "output_file", found);
            for file in stored.file.iter().chain(&found) {
                runs(&trial, &action, &file.path, &name);
            }
        }
    }
}

fn runs(trial: &Trial, action: &ActionId, path: &Path, name: &str) {
    if path.file_name().is_none_or(|found| found != name) {
        let problem = format!("its file is {}, expected one named {name}", path.display());
        trial.fail(action, problem);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let may_run = fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o100 != 0);
        if !may_run {
            trial.fail(action, format_args!("{} may not be executed", path.display()));
        }
    }
    // A script runs on its own only there.
    if cfg!(unix) {
        let found = match output_of(path) {
            Some(found) => found,
            None => return,
        };
        let expected = format!("this is {name}");
        if found != Ok(expected.clone().into_bytes()) {
            let problem = format!(
                "{} prints {found:?} when it is run, expected {expected:?}",
                path.display()
            );
            trial.fail(action, problem);
        }
    }
}

/// What a program prints, or why it does not run. `None` where the file system lets none run.
fn output_of(path: &Path) -> Option<Result<Vec<u8>, String>> {
    let mut tries = 0;
    loop {
        match Command::new(path).output() {
            Ok(output) => return Some(Ok(output.stdout)),
            Err(e) if e.kind() == ErrorKind::PermissionDenied => return None,
            // Another thread's child, started while the file was written, holds it open until that
            // child runs its own program.
            Err(e) if e.kind() == ErrorKind::ExecutableFileBusy && tries < 100 => {
                tries += 1;
                thread::sleep(Duration::from_millis(10));
            }
            Err(e) => return Some(Err(e.to_string())),
        }
    }
}
