//! `larder pull`: copies a store to the directory.

use anyhow::Result;
use cache_core::Cache;
use cache_default::RemoteAccess;
use cache_remote::{StoreProblem, TransferOptions, pull};

use crate::failure::{Exit, Failure};
use crate::progress::Bar;
use crate::remote::{self, ScopeValue, StoreFlag, scope};
use crate::session::Session;
use crate::transfer::{self, Direction};

/// Copy everything in a store that other machines share to the cache
///
/// What the cache has is not fetched again, so a pull that was cut short goes on where it ended. With
/// --scope only what the list for this build names is fetched, in bulk. Every result is checked as
/// in a lookup; what is not to be trusted is left where it is, and told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The cache directory is made when it is not there. Afterwards it is trimmed when that is due.

Where there is no list for the scope, nothing is fetched, and that is said: the first build of a \
project has none. The exit code is 3 when something could not be fetched; what was, stays.

With --json: {store, copied, bytes, there, gone, refused, failed, not_tried, list}: the numbers of \
entries that were fetched, that were in the cache, that were gone from the store, that were not to \
be trusted, that could not be fetched, and that were not tried after too many failures in a row; \
bytes is the size of the outputs; list is the scope whose list was found, which may be that of the \
default branch.

Example:
  larder --dir \"$(go env GOCACHE)\" pull --scope --remote 's3://bucket/go?region=eu-central-1'")]
pub(crate) struct Args {
    #[command(flatten)]
    store: StoreFlag,
    /// Fetch what the list for this scope names [without a value: LARDER_SCOPE, else the settings
    /// file's scope, else {repository}/{branch}/{os}/{arch}/{go}]
    #[arg(long, value_name = "TEMPLATE", num_args = 0..=1, value_parser = scope)]
    scope: Option<Option<ScopeValue>>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let mut settings = remote::transfer_settings(&args.store, args.scope.clone(), session)?;
    if !settings.remote_access.value.reads() {
        return Err(Failure::Usage(format!(
            "remote-access is {} ({}), and a pull reads; set it to read-write",
            settings.remote_access.value.as_str(),
            settings.remote_access.origin
        ))
        .into());
    }
    // Nothing is written, so nothing is signed, and no key is needed.
    settings.remote_access.value = RemoteAccess::ReadOnly;
    let opened = remote::required(&settings)?;
    let wanted = opened.scope.as_ref().map(|scope| scope.text.clone());
    let cache = session.open_or_create(&settings)?;
    let pulled = {
        let bar = Bar::entries(session.progress(), "pulling");
        let options = TransferOptions {
            scope: opened.scope,
            trust: opened.trust,
            progress: Some(&|progress| bar.show(progress)),
            ..TransferOptions::default()
        };
        pull(&cache, &opened.store, options)
    };
    let pulled = pulled.map_err(|error| match error.problem() {
        StoreProblem::Unsupported => Failure::Other(format!(
            "{error}; pull --scope fetches what a list names, and needs no more"
        )),
        _ => Failure::Other(error.to_string()),
    })?;
    if let (Some(scope), None) = (wanted, &pulled.list) {
        session.note(&format!(
            "there is no list for {scope} yet; larder push --scope writes one, and so does larder \
             serve"
        ));
    }
    let exit = transfer::tell(&Direction::Pull, &opened.store, &pulled, session)?;
    if let Err(error) = cache.close() {
        session.note(&format!("pulled, but the trim after it failed: {error}"));
    }
    Ok(exit)
}
