//! A user with settings of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Larder, Ran, bare};

/// An action ID.
pub const ACTION: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A user with a settings file, and no `--dir`.
pub struct User {
    pub larder: Larder,
}

impl User {
    pub fn new(settings: &str) -> Self {
        let larder = Larder::new();
        fs::create_dir_all(larder.path("config/larder")).expect("a folder");
        larder.file("config/larder/config.toml", settings);
        Self { larder }
    }

    /// One whose settings file names the cache directory, in its first line.
    pub fn at_home(settings: &str) -> Self {
        let user = Self::new("");
        let file = format!("dir = '{}'\n{settings}", user.dir().display());
        fs::write(user.file(), file).expect("a settings file");
        user
    }

    pub fn file(&self) -> PathBuf {
        self.larder.path("config/larder/config.toml")
    }

    pub fn dir(&self) -> PathBuf {
        self.larder.dir()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_larder"));
        command
            .env("XDG_CONFIG_HOME", self.larder.path("config"))
            .env("HOME", self.larder.path(""));
        command.args(args).current_dir(self.larder.path(""));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    pub fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Ran {
        Ran::of(self.command(args).envs(variables.iter().copied()))
    }

    pub fn put(&self, bytes: &str) -> Ran {
        let file = self.larder.file("to-put", bytes);
        self.run(&["put", ACTION, file.to_str().expect("UTF-8")])
    }
}
