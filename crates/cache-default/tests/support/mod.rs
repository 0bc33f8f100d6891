//! An environment, folders and helpers for the tests.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cache_core::{ActionId, OutputId};
use cache_default::{
    Flags, Names, Notice, OnHelperFailure, OpenError, Opened, Opening, Settings, SettingsError,
};
use tempfile::TempDir;

/// A user's home in a scratch folder, with an environment.
pub struct Home {
    folder: TempDir,
    pub variables: HashMap<&'static str, OsString>,
}

impl Home {
    /// One in which nothing is set but where the home is.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = folder.path().as_os_str().to_owned();
        let variables =
            ["HOME", "LocalAppData", "AppData"].map(|variable| (variable, home.clone())).into();
        Self { folder, variables }
    }

    /// One with this settings file.
    pub fn with_file(text: impl AsRef<[u8]>) -> Self {
        let home = Self::new();
        fs::create_dir_all(home.file().parent().expect("a folder")).expect("a folder");
        fs::write(home.file(), text).expect("a settings file");
        home
    }

    pub fn set(mut self, variable: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(variable, value.into());
        self
    }

    /// A path in it, which is absolute on every platform.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where Larder's settings file is.
    pub fn file(&self) -> PathBuf {
        let config = if cfg!(target_vendor = "apple") {
            "Library/Application Support"
        } else if cfg!(windows) {
            ""
        } else {
            ".config"
        };
        self.path(config).join("larder/config.toml")
    }

    pub fn resolve(&self, names: &Names, flags: Flags) -> Result<Settings, SettingsError> {
        Settings::resolve(names, flags, &|name| self.variables.get(name).cloned())
    }

    /// Larder's settings, without a flag.
    #[track_caller]
    pub fn settings(&self) -> Settings {
        self.resolve(&Names::LARDER, Flags::default()).expect("settings")
    }

    /// What is wrong with Larder's settings.
    #[track_caller]
    pub fn mistake(&self) -> String {
        self.resolve(&Names::LARDER, Flags::default()).expect_err("a mistake").to_string()
    }

    /// Opens Larder's cache with this helper in front.
    pub fn open(
        &self,
        prog: &str,
        choice: OnHelperFailure,
    ) -> (Result<Opened, OpenError>, Notices) {
        let mut settings = self.settings();
        settings.prog.value = Some(prog.to_owned());
        settings.on_helper_failure.value = choice;
        let notices = Notices::default();
        let taken = notices.0.clone();
        let notify = move |notice: &Notice| taken.lock().unwrap().push(notice.clone());
        (Opening::of(&settings).notify(notify).open(), notices)
    }
}

/// What a cache had to say.
#[derive(Debug, Default)]
pub struct Notices(Arc<Mutex<Vec<Notice>>>);

impl Notices {
    pub fn taken(&self) -> Vec<Notice> {
        self.0.lock().unwrap().clone()
    }

    /// The one notice that there was.
    #[track_caller]
    pub fn one(&self) -> String {
        let taken = self.taken();
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken[0].to_string()
    }
}

/// The command of the helper of `tests/helper`, which is built beside the tests.
pub fn helper(script: &str, dir: Option<&Path>) -> String {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join("failing-helper").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: build it with `cargo build -p cache-default --examples`",
        program.display()
    );
    let dir = dir.map(|dir| format!("'{}'", dir.display())).unwrap_or_default();
    format!("'{}' {script} {dir}", program.display())
}

pub fn action(number: u64) -> ActionId {
    ActionId::from_bytes(*OutputId::of(&number.to_le_bytes()).as_bytes())
}
