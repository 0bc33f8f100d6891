//! `larder env`: the settings in force.

use std::path::{Path, PathBuf};

use anyhow::Result;
use cache_default::{DirError, Flags, Origin, PublicKey, Setting, Settings};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::report::{self, Answers, PathJson};
use crate::session::Session;
use crate::settings;

/// Show the settings in force, and where each comes from
///
/// A flag goes before a variable, a variable before the settings file, config.toml in the folder
/// larder of the user's config folder. The file has the names that are shown here as its keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Settings:
  dir                the cache directory, an absolute path, or off
  prog               the command of a cache helper (a GOCACHEPROG) that
                     larder run asks first, or off
  on-helper-failure  fail, or continue with the directory alone
  remote             the address of a store that is shared with other machines,
                     or off; passwords and tokens in it are shown as ***
  remote-access      read-write, read-only or write-only: what is done with it
  upload-wait        how long to wait at the end for uploads; where CI is set
                     10s by default
  scope              which builds have a list in common, by which results are
                     fetched in bulk, or off
  trusted-keys       the public keys of those whose results are taken from the
                     store; off: everybody's are
  signing-key        the file with the secret key for what is uploaded, or off
  max-size           the size on disk down to which is trimmed, or off
  max-age            how long after its last use a file is trimmed
  allow-world-writable
                     use a directory that everybody can write to, and so put
                     wrong results into
  verify             compare results with what is stored, and run everything
  trace              show everything that is hashed into a key

Variables:
  LARDER_DIR, LARDER_PROG, LARDER_REMOTE, LARDER_REMOTE_ACCESS,
  LARDER_UPLOAD_WAIT, LARDER_SCOPE, LARDER_SIGNING_KEY, LARDER_MAX_SIZE
  LARDER_ALLOW_WORLD_WRITABLE  1 or 0
  LARDER_TRUSTED_KEYS  separated by commas
  LARDER_DEBUG         verify=1,hash=1

A settings file:
  max-size = \"20GiB\"
  max-age = \"30d\"
  remote = \"s3://bucket/go?region=eu-central-1\"
  trusted-keys = [\"larder-public-key-v1 …\"]

With --json: {dir, prog, on_helper_failure, remote, remote_access, upload_wait, scope, trusted_keys, \
signing_key, max_size, max_age, allow_world_writable, verify, trace, file}. All but file are {value, from, name, line}: from \
is flag, environment, file or default; name is the flag's or the variable's, or the file's path; line \
is the line in the file. dir, prog, remote, scope, trusted_keys, signing_key and max_size are null when \
they are off, max_size is in bytes, max_age and upload_wait in seconds. file is {path, read}: where the \
settings file is or would be, and whether it was there.

Example:
  LARDER_MAX_SIZE=10GiB larder env")]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Answer {
    dir: SettingJson<Option<PathJson>>,
    prog: SettingJson<Option<String>>,
    on_helper_failure: SettingJson<&'static str>,
    remote: SettingJson<Option<String>>,
    remote_access: SettingJson<&'static str>,
    upload_wait: SettingJson<f64>,
    scope: SettingJson<Option<String>>,
    trusted_keys: SettingJson<Option<Vec<String>>>,
    signing_key: SettingJson<Option<PathJson>>,
    max_size: SettingJson<Option<u64>>,
    max_age: SettingJson<u64>,
    allow_world_writable: SettingJson<bool>,
    verify: SettingJson<bool>,
    trace: SettingJson<bool>,
    file: FileJson,
}

#[derive(Serialize)]
struct SettingJson<T> {
    value: T,
    from: &'static str,
    name: Option<String>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct FileJson {
    path: Option<PathJson>,
    read: bool,
}

pub(crate) fn run(_: &Args, session: &Session) -> Result<Exit> {
    let settings = session.settings(Flags::default())?;
    let dir = directory(&settings)?;
    if session.json {
        report::json(&answer(dir.map(Path::to_owned), settings))?;
        return Ok(Exit::Done);
    }
    let mut answers = Answers::new();
    for (name, value, origin) in lines(dir, &settings) {
        answers.line(format_args!("{name:<20}  {value}  ({origin})"))?;
    }
    answers.finish()?;
    Ok(Exit::Done)
}

/// The cache directory; `None` when it is off.
fn directory(settings: &Settings) -> Result<Option<&Path>, Failure> {
    match settings.required_dir() {
        Ok(dir) => Ok(Some(dir)),
        Err(DirError::Off { .. }) => Ok(None),
        Err(error) => Err(settings::no_directory(&error, settings.names())),
    }
}

/// Each setting under its key in the settings file, and that file.
fn lines(directory: Option<&Path>, settings: &Settings) -> Vec<(&'static str, String, String)> {
    let off = || "off".to_owned();
    let Settings { dir, prog, on_helper_failure, remote, remote_access, .. } = settings;
    let Settings { upload_wait, scope, trusted_keys, signing_key, .. } = settings;
    let Settings { max_size, max_age, verify, trace, allow_world_writable: allowed, .. } = settings;
    let dir_value = directory.map_or_else(off, report::path);
    let prog_value = prog.value.as_deref().map_or_else(off, report::printable);
    let remote_value = remote.value.as_ref().map(ToString::to_string);
    let scope_value = scope.value.as_ref().map(ToString::to_string);
    let keys = trusted_keys.value.as_ref().map(|keys| texts(keys).join(", "));
    let key_file = signing_key.value.as_deref().map(report::path);
    let age = report::whole_units(max_age.value);
    let of = |origin: &Origin| report::printable(&origin.to_string());
    let mut lines = vec![
        ("dir", dir_value, of(&dir.origin)),
        ("prog", prog_value, of(&prog.origin)),
        (
            "on-helper-failure",
            on_helper_failure.value.as_str().into(),
            of(&on_helper_failure.origin),
        ),
        (
            "remote",
            remote_value.map_or_else(off, |uri| report::printable(&uri)),
            of(&remote.origin),
        ),
        ("remote-access", remote_access.value.as_str().into(), of(&remote_access.origin)),
        (
            "upload-wait",
            humantime::format_duration(upload_wait.value).to_string(),
            of(&upload_wait.origin),
        ),
        ("scope", scope_value.map_or_else(off, |text| report::printable(&text)), of(&scope.origin)),
        ("trusted-keys", keys.unwrap_or_else(off), of(&trusted_keys.origin)),
        ("signing-key", key_file.unwrap_or_else(off), of(&signing_key.origin)),
        ("max-size", max_size.value.map_or_else(off, report::size), of(&max_size.origin)),
        ("max-age", age, of(&max_age.origin)),
        ("allow-world-writable", allowed.value.to_string(), of(&allowed.origin)),
        ("verify", verify.value.to_string(), of(&verify.origin)),
        ("trace", trace.value.to_string(), of(&trace.origin)),
    ];
    if let Some(path) = &settings.file {
        let was_read = if settings.file_was_read { "read" } else { "not there" };
        lines.push(("settings file", report::path(path), was_read.into()));
    }
    lines
}

fn answer(directory: Option<PathBuf>, settings: Settings) -> Answer {
    Answer {
        dir: json(map(settings.dir, |_| directory.map(PathJson))),
        prog: json(settings.prog),
        on_helper_failure: json(map(settings.on_helper_failure, |choice| choice.as_str())),
        remote: json(map(settings.remote, |address| address.map(|uri| uri.to_string()))),
        remote_access: json(map(settings.remote_access, |access| access.as_str())),
        upload_wait: json(map(settings.upload_wait, |wait| wait.as_secs_f64())),
        scope: json(map(settings.scope, |scope| scope.map(|template| template.to_string()))),
        trusted_keys: json(map(settings.trusted_keys, |keys| keys.map(|keys| texts(&keys)))),
        signing_key: json(map(settings.signing_key, |path| path.map(PathJson))),
        max_size: json(settings.max_size),
        max_age: json(map(settings.max_age, |age| age.as_secs())),
        allow_world_writable: json(settings.allow_world_writable),
        verify: json(settings.verify),
        trace: json(settings.trace),
        file: FileJson { path: settings.file.map(PathJson), read: settings.file_was_read },
    }
}

fn texts(keys: &[PublicKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn json<T>(setting: Setting<T>) -> SettingJson<T> {
    let (from, name, line) = match setting.origin {
        Origin::Flag(name) => ("flag", Some(name.to_owned()), None),
        Origin::Variable(name) => ("environment", Some(name.to_owned()), None),
        Origin::File { path, line } => {
            ("file", Some(path.to_string_lossy().into_owned()), Some(line))
        }
        _ => ("default", None, None),
    };
    SettingJson { value: setting.value, from, name, line }
}

fn map<T, U>(setting: Setting<T>, value: impl FnOnce(T) -> U) -> Setting<U> {
    Setting { value: value(setting.value), origin: setting.origin }
}
