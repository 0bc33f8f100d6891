//! `larder env`: the settings in force.

use anyhow::Result;
use serde::Serialize;

use crate::failure::Exit;
use crate::report::{self, Answers, PathJson};
use crate::session::Session;
use crate::settings::{self, Origin};

/// Show the settings in force, and where each comes from
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {dir, max_size}, each {value, from, name}: from is flag, environment or default, name
the flag's or the variable's, max_size in bytes, or null for no limit.

Example:
  LARDER_MAX_SIZE=10GiB larder env")]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Answer {
    dir: SettingJson<PathJson>,
    max_size: SettingJson<Option<u64>>,
}

#[derive(Serialize)]
struct SettingJson<T> {
    value: T,
    from: &'static str,
    name: Option<&'static str>,
}

impl<T> SettingJson<T> {
    fn new(value: T, origin: Origin) -> Self {
        Self { value, from: origin.kind(), name: origin.name() }
    }
}

pub(crate) fn run(_: &Args, session: &Session) -> Result<Exit> {
    let dir = session.dir()?;
    let max_size = settings::max_size(None)?;
    if session.json {
        report::json(&Answer {
            max_size: SettingJson::new(max_size.value.map(|size| size.as_u64()), max_size.origin),
            dir: SettingJson::new(PathJson(dir.value), dir.origin),
        })?;
        return Ok(Exit::Done);
    }
    let size = max_size.value.map_or("no limit".to_owned(), |size| report::size(size.as_u64()));
    let mut answers = Answers::new();
    for (name, value, origin) in
        [("dir", report::path(&dir.value), dir.origin), ("max-size", size, max_size.origin)]
    {
        answers.line(format_args!("{name:<8}  {value}  ({origin})"))?;
    }
    answers.finish()?;
    Ok(Exit::Done)
}
