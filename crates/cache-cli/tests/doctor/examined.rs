//! What `larder doctor` answered.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Larder, Ran, bare};

/// An answer of `larder doctor`.
#[derive(Debug)]
pub struct Examined {
    pub code: Option<i32>,
    pub answer: Value,
}

impl Examined {
    /// Runs a command line that ends with `doctor` and its flags.
    #[track_caller]
    pub fn of(doctor: &mut Command) -> Self {
        let ran = Ran::of(doctor.arg("--json"));
        let answer: Value = serde_json::from_slice(&ran.stdout)
            .unwrap_or_else(|_| panic!("{:?}: {}{}", ran.code, ran.text(), ran.stderr));
        let examined = Self { code: ran.code, answer };
        let is_wrong = examined.checks().iter().any(|check| check["state"] == "wrong");
        assert_eq!(examined.code, Some(is_wrong.into()), "{examined:?}");
        examined
    }

    pub fn checks(&self) -> &[Value] {
        self.answer["checks"].as_array().expect("an array")
    }

    pub fn names(&self) -> Vec<&str> {
        self.checks().iter().map(|check| check["name"].as_str().expect("a name")).collect()
    }

    /// Asserts that a check is fine and says all of `says`.
    #[track_caller]
    pub fn fine<'a>(&self, name: &str, says: impl IntoIterator<Item = &'a str>) {
        self.check(name, "fine", says);
    }

    /// Asserts that a check is a warning that says all of `says`, in the text or in what to do;
    /// returns both.
    #[track_caller]
    pub fn warning<'a>(
        &self,
        name: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        self.check(name, "warning", says)
    }

    /// The same of one that is wrong.
    #[track_caller]
    pub fn wrong<'a>(
        &self,
        name: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        self.check(name, "wrong", says)
    }

    /// What a check says, whatever its state.
    pub fn text(&self, name: &str) -> &str {
        let check = self.checks().iter().find(|check| check["name"] == name);
        check.and_then(|check| check["text"].as_str()).expect("a text")
    }

    #[track_caller]
    fn check<'a>(
        &self,
        name: &str,
        state: &str,
        says: impl IntoIterator<Item = &'a str>,
    ) -> (String, String) {
        let check = self.checks().iter().find(|check| check["name"] == name);
        let check = check.unwrap_or_else(|| panic!("no {name}: {self:?}"));
        assert_eq!(check["state"], state, "{check}");
        let text = check["text"].as_str().expect("a text");
        let advice = check["advice"].as_str().unwrap_or_default();
        assert_eq!(check["advice"].is_null(), state == "fine", "{check}");
        assert_eq!(advice.is_empty(), state == "fine", "{check}");
        assert!(!text.is_empty(), "{check}");
        for part in says {
            assert!(text.contains(part) || advice.contains(part), "{part:?}: {check}");
        }
        (text.to_owned(), advice.to_owned())
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// `larder` as a user for whom permissions count: another one, when this is root.
pub fn unprivileged(larder: &Larder) -> Command {
    let is_root = Ran::of(Command::new("id").arg("-u")).ok().trim() == "0";
    if !is_root {
        return bare(env!("CARGO_BIN_EXE_larder"));
    }
    // The other user may not reach the place where it was built. It is copied by another process:
    // what this one has open for writing, the children of its other threads have too, and then it
    // cannot be run.
    let program = larder.path("larder");
    if !program.exists() {
        Ran::of(Command::new("cp").arg(env!("CARGO_BIN_EXE_larder")).arg(&program)).ok();
        set_mode(&program, 0o755);
        set_mode(&larder.path(""), 0o755);
    }
    let mut command = bare(program);
    command.uid(65534).gid(65534);
    command
}
