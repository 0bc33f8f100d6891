//! What commands that use a store have in common: the flag that names it, and what they say of
//! uploads that are left.

use std::convert::Infallible;
use std::env;
use std::time::Duration;

use anyhow::Result;
use cache_default::{
    Flag, Flags, Opened, OpenedStore, Origin, Settings, StoreAddress, Template, WrongValue,
    open_store, parse_remote, parse_scope, process_env,
};

use crate::failure::Failure;
use crate::report::count;
use crate::session::Session;
use crate::settings;

/// How long a command that has stored something waits for its upload when the settings do not say.
/// It has no time afterwards, as `larder serve` has: whoever called it waits for its end.
const UPLOAD_WAIT: Duration = Duration::from_secs(10);

/// The flag that names a store.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreFlag {
    /// The store that is shared with other machines, or off [default: LARDER_REMOTE, else the
    /// settings file's remote, else none]
    #[arg(long, value_name = "URI", value_parser = unread)]
    remote: Option<StoreAddress>,
}

impl StoreFlag {
    /// The flag for the settings. Read here and not by clap, which would repeat a secret in its
    /// error.
    pub(crate) fn flag(&self) -> Result<Option<Flag<Option<StoreAddress>>>, Failure> {
        let Some(address) = &self.remote else { return Ok(None) };
        let value = parse_remote(address.with_secrets()).map_err(|wrong| {
            Failure::Usage(format!("--remote is {:?}; {wrong}", address.to_string()))
        })?;
        Ok(Some(Flag { name: "--remote", value }))
    }
}

fn unread(text: &str) -> Result<StoreAddress, Infallible> {
    Ok(StoreAddress::new(text))
}

/// The template of a scope on the command line; `None`: there are no lists.
#[derive(Debug, Clone)]
pub(crate) struct ScopeValue(pub(crate) Option<Template>);

/// Reads the template of a scope from the command line.
pub(crate) fn scope(text: &str) -> Result<ScopeValue, WrongValue> {
    parse_scope(text).map(ScopeValue)
}

/// The flag `--scope`.
pub(crate) fn scope_flag(scope: Option<ScopeValue>) -> Option<Flag<Option<Template>>> {
    scope.map(|ScopeValue(value)| Flag { name: "--scope", value })
}

/// The settings of `push` and `pull`, of which the scope is off unless the flag asks for one. It may
/// stand without a value.
pub(crate) fn transfer_settings(
    store: &StoreFlag,
    scope: Option<Option<ScopeValue>>,
    session: &Session,
) -> Result<Settings, Failure> {
    let is_asked_for = scope.is_some();
    let flags =
        Flags { remote: store.flag()?, scope: scope_flag(scope.flatten()), ..Flags::default() };
    let mut settings = session.settings(flags)?;
    if !is_asked_for {
        settings.scope.value = None;
    } else if settings.scope.value.is_none() {
        return Err(Failure::Usage(format!(
            "the scope is off ({}); name one with --scope TEMPLATE",
            settings.scope.origin
        )));
    }
    Ok(settings)
}

/// Opens the store that the settings name, for a command that needs one.
pub(crate) fn required(settings: &Settings) -> Result<OpenedStore> {
    // Where there is no working directory, nothing is known of what is built in it.
    let folder = env::current_dir().unwrap_or_default();
    let opened = open_store(settings, &folder, &process_env);
    opened.map_err(settings::no_store)?.ok_or_else(|| {
        let text = match settings.remote.origin {
            Origin::Default => {
                "no store is named; name one with --remote, LARDER_REMOTE or the settings file's \
                 remote"
                    .to_owned()
            }
            ref origin => format!("the store is off ({origin}); name one with --remote"),
        };
        Failure::Usage(text).into()
    })
}

/// How long a command waits for the uploads of what it stored.
pub(crate) fn upload_wait(settings: &Settings) -> Duration {
    match settings.upload_wait.origin {
        Origin::Default => settings.upload_wait.value.max(UPLOAD_WAIT),
        _ => settings.upload_wait.value,
    }
}

/// Waits for the uploads of a cache that is closed, and says what is left.
pub(crate) fn finish(opened: &Opened, limit: Duration, session: &Session) {
    let Some(remote) = &opened.remote else { return };
    let left = remote.finish(limit);
    if left > 0 {
        session.note(&format!(
            "{} not in the store yet; the next command that writes to it goes on with that",
            count(left, "result is", "results are")
        ));
    }
}
