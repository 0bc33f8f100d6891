//! Machines that build with the real `go` command and share a store.

use crate::go::{By, Place, Told};
use crate::support::Ran;

/// What is built: a part of the standard library, or all of it where `LARDER_LONG` is set.
fn packages() -> &'static str {
    if std::env::var_os("LARDER_LONG").is_some() { "std" } else { "encoding/json net/url" }
}

/// One machine: a cache directory that is empty at first, and a module.
pub struct Machine(pub Place);

impl Machine {
    pub fn new() -> Self {
        Self(Place::empty())
    }

    /// `go build -x` with the store behind `larder serve`.
    pub fn command(&self, uri: &str, flags: &str) -> std::process::Command {
        let mut command = self.0.go(By::Go);
        command.args(["build", "-x"]).args(packages().split(' '));
        let larder = env!("CARGO_BIN_EXE_larder");
        let scope = "test/{os}/{arch}/{go}";
        let helper = format!("'{larder}' serve -v --remote '{uri}' --scope {scope} {flags}");
        command.env("GOCACHEPROG", helper);
        command
    }

    /// Builds, and waits until everything is in the store.
    pub fn fills(&self, uri: &str) -> Told {
        let told = told(Ran::of(&mut self.command(uri, "--upload-wait 120s")));
        assert!(!told.work().is_empty(), "{}", told.stderr);
        assert!(!told.stderr.contains("to be uploaded"), "{}", told.stderr);
        told
    }

    /// Builds, and asserts that nothing was compiled.
    pub fn gets_everything(&self, uri: &str) {
        let told = told(Ran::of(&mut self.command(uri, "")));
        assert_eq!(told.work(), [] as [&str; 0], "{}", told.stderr);
        assert_eq!(told.tally().misses, 0, "{}", told.stderr);
        self.0.is_sound();
    }
}

/// What a build told that succeeded, with nothing to complain of.
pub fn told(ran: Ran) -> Told {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let told = Told { stdout: ran.text(), stderr: ran.stderr };
    // One line of Larder's: the last one.
    told.tally();
    told
}

/// What one machine built, another one does not build again.
pub fn what_one_machine_built_the_other_gets(uri: &str) {
    Machine::new().fills(uri);
    Machine::new().gets_everything(uri);
}
