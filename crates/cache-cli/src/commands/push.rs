//! `larder push`: copies the directory to a store.

use anyhow::Result;
use cache_remote::{TransferOptions, Transferred, push};

use crate::failure::{Exit, Failure};
use crate::progress::Bar;
use crate::remote::{self, ScopeValue, StoreFlag, scope};
use crate::session::Session;
use crate::transfer::{self, Direction};

/// Copy everything in the cache to a store that other machines share
///
/// What the store has is not sent again, so a push that was cut short goes on where it ended. With
/// --scope the list for this build is written too, of everything in the cache: `larder pull --scope`
/// and the prefetching of `larder serve` bring that in bulk.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For CI without a helper: pull before the build, push after it, both on the directory that `go env \
GOCACHE` names.

The exit code is 3 when something could not be sent; what was, stays.

With --json: {store, copied, bytes, there, gone, refused, failed, not_tried, list}: the numbers of \
entries that were sent, that were in the store, that were gone before they could be sent, that could \
not be sent, and that were not tried after too many failures in a row; bytes is what was sent, \
compressed; list is the scope whose list was written.

Example:
  larder --dir \"$(go env GOCACHE)\" push --scope --remote 's3://bucket/go?region=eu-central-1'")]
pub(crate) struct Args {
    #[command(flatten)]
    store: StoreFlag,
    /// Write the list for this scope [without a value: LARDER_SCOPE, else the settings file's scope,
    /// else {repository}/{branch}/{os}/{arch}/{go}]
    #[arg(long, value_name = "TEMPLATE", num_args = 0..=1, value_parser = scope)]
    scope: Option<Option<ScopeValue>>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let settings = remote::transfer_settings(&args.store, args.scope.clone(), session)?;
    if !settings.remote_access.value.writes() {
        return Err(Failure::Usage(format!(
            "remote-access is {} ({}), and a push writes; set it to read-write",
            settings.remote_access.value.as_str(),
            settings.remote_access.origin
        ))
        .into());
    }
    let opened = remote::required(&settings)?;
    let pushed = match session.open_with(&settings)?.or_tell(session) {
        Some(cache) => {
            let bar = Bar::entries(session.progress(), "pushing");
            let options = TransferOptions {
                scope: opened.scope,
                signer: opened.signer,
                progress: Some(&|progress| bar.show(progress)),
                ..TransferOptions::default()
            };
            push(&cache, &opened.store, options)
        }
        None => Transferred::default(),
    };
    transfer::tell(&Direction::Push, &opened.store, &pushed, session)
}
