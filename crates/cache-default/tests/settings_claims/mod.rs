//! What holds for the settings file, whatever bytes it has. The tests deal it bytes that are nearly
//! right, and the fuzz target any.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache_default::{
    Directory, FileError, FileProblem, Flags, Names, Origin, Setting, Settings, SettingsError,
};

/// The longest that an error may be, in bytes, beside the file's path: what there is to say, and the
/// beginning of a value.
const LONGEST_ERROR: usize = 2000;

/// A user's home, with a settings file in it.
pub struct Home {
    folder: PathBuf,
    file: PathBuf,
}

impl Home {
    /// In an empty folder.
    pub fn new(folder: &Path) -> Self {
        let home = Self { folder: folder.to_owned(), file: PathBuf::new() };
        let file = home.resolve().expect("settings").file.expect("a place for the file");
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        Self { file, ..home }
    }

    /// The file is read, and what it says stands in another one that says the same; or there is an
    /// error of one line, which repeats no secret and says the same the next time.
    pub fn settings_file(&self, bytes: &[u8]) {
        fs::write(&self.file, bytes).expect("a settings file");
        match (self.resolve(), self.resolve()) {
            (Ok(settings), Ok(again)) => {
                assert_eq!(format!("{settings:?}"), format!("{again:?}"));
                self.is_written_and_read_back(&settings, bytes);
            }
            (Err(error), Err(again)) => {
                assert_eq!(error.to_string(), again.to_string());
                self.is_told(&error, bytes);
            }
            (one, other) => panic!("{one:?} and {other:?}"),
        }
    }

    fn resolve(&self) -> Result<Settings, SettingsError> {
        let home = |name: &str| match name {
            "HOME" | "LocalAppData" | "AppData" => Some(OsString::from(&self.folder)),
            _ => None,
        };
        Settings::resolve(&Names::LARDER, Flags::default(), &home)
    }

    fn is_told(&self, error: &SettingsError, bytes: &[u8]) {
        let SettingsError::File(FileError { path, line, problem }) = error else {
            panic!("nothing but the file says anything: {error:?}");
        };
        let text = error.to_string();
        let path = path.display().to_string();
        assert!(text.contains(&path), "{text}");
        let rest = text.replacen(&path, "", 1);
        assert!(!rest.contains(char::is_control), "{rest:?}");
        assert!(rest.len() < LONGEST_ERROR, "{} bytes: {rest}", rest.len());
        if let Some(line) = *line {
            assert!((1..=lines(bytes)).contains(&line), "line {line} of {}", lines(bytes));
        }
        if let FileProblem::WrongValue { key, found, .. } = problem {
            let is_secret = ["remote", "trusted-keys", "signing-key"].contains(key);
            assert!(!is_secret || found == "***", "{text}");
        }
    }

    fn is_written_and_read_back(&self, settings: &Settings, bytes: &[u8]) {
        let mut written = Written { text: String::new(), lines: lines(bytes) };
        let all = settings;
        written.add("dir", &all.dir, |dir| match dir {
            Directory::At(path) => quoted(path.to_str().expect("text")),
            _ => quoted("off"),
        });
        written.add("prog", &all.prog, |prog| or_off(prog.as_ref()));
        written.add("on-helper-failure", &all.on_helper_failure, |choice| quoted(choice.as_str()));
        let address = |remote: &Option<cache_default::StoreAddress>| {
            or_off(remote.as_ref().map(|remote| remote.with_secrets()))
        };
        written.add("remote", &all.remote, address);
        written.add("remote-access", &all.remote_access, |access| quoted(access.as_str()));
        written.add("upload-wait", &all.upload_wait, time);
        written.add("scope", &all.scope, |scope| or_off(scope.as_ref()));
        written.add("trusted-keys", &all.trusted_keys, |keys| match keys {
            Some(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| quoted(&key.to_string())).collect();
                format!("[{}]", keys.join(", "))
            }
            None => quoted("off"),
        });
        written.add("signing-key", &all.signing_key, |path| {
            or_off(path.as_ref().map(|path| path.display()))
        });
        written.add("max-size", &all.max_size, |size| match size {
            Some(size) => size.to_string(),
            None => quoted("off"),
        });
        written.add("max-age", &all.max_age, time);
        let truth = bool::to_string;
        written.add("allow-world-writable", &all.allow_world_writable, truth);
        written.add("verify", &all.verify, truth);
        written.add("trace", &all.trace, truth);

        fs::write(&self.file, &written.text).expect("a settings file");
        let again = self.resolve().unwrap_or_else(|error| panic!("{error}\n{}", written.text));
        assert_eq!(values(&again), values(settings), "{}", written.text);
    }
}

/// A settings file that is being written.
struct Written {
    text: String,
    /// How many lines the one before had.
    lines: usize,
}

impl Written {
    /// Adds a setting that came from the file, as `text` writes it.
    fn add<T>(&mut self, key: &str, setting: &Setting<T>, text: impl Fn(&T) -> String) {
        if let Origin::File { line, .. } = setting.origin {
            assert!((1..=self.lines).contains(&line), "line {line} of {}", self.lines);
            self.text += &format!("{key} = {}\n", text(&setting.value));
        }
    }
}

fn lines(bytes: &[u8]) -> usize {
    1 + bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Every value, the store's address with it.
fn values(settings: &Settings) -> [String; 15] {
    let all = settings;
    [
        format!("{:?}", all.dir.value),
        format!("{:?}", all.prog.value),
        format!("{:?}", all.on_helper_failure.value),
        format!("{:?}", all.remote.value),
        format!("{:?}", all.remote.value.as_ref().map(|remote| remote.with_secrets())),
        format!("{:?}", all.remote_access.value),
        format!("{:?}", all.upload_wait.value),
        format!("{:?}", all.scope.value),
        format!("{:?}", all.trusted_keys.value),
        format!("{:?}", all.signing_key.value),
        format!("{:?}", all.max_size.value),
        format!("{:?}", all.max_age.value),
        format!("{:?}", all.allow_world_writable.value),
        format!("{:?}", all.verify.value),
        format!("{:?}", all.trace.value),
    ]
}

fn time(time: &Duration) -> String {
    quoted(&format!("{}s {}ns", time.as_secs(), time.subsec_nanos()))
}

fn or_off(text: Option<impl Display>) -> String {
    text.map_or_else(|| quoted("off"), |text| quoted(&text.to_string()))
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..=' ' | '\x7f' => quoted += &format!("\\u{:04x}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}
