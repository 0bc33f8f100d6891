//! From settings to a store, alone or behind the directory.

use std::path::Path;
use std::sync::Arc;

use cache_disk::DiskCache;
use cache_remote::{Access, KeyPair, RemoteCache, Scope, Store, StoreOptions, Trust};

use crate::env::Env;
use crate::key_file::read_key_pair;
use crate::notice::{Notice, Notify};
use crate::open_error::OpenError;
use crate::setting::RemoteAccess;
use crate::settings::Settings;

/// A store, and how it is used.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedStore {
    /// The store.
    pub store: Store,
    /// What is done with it.
    pub access: RemoteAccess,
    /// Whose entries are taken from it.
    pub trust: Trust,
    /// What is written to it is signed with this. `None` also where nothing is written.
    pub signer: Option<KeyPair>,
    /// Which builds have a list in common with the one in the folder. `None`: there are no lists.
    pub scope: Option<Scope>,
}

/// Opens the store that the settings name; `None` when they name none. Nothing is sent to it yet, so
/// one that cannot be reached is no error. The scope is that of the build in `folder`; finding it may
/// run `git`.
///
/// # Errors
///
/// When the store's address or the file with the signing key is wrong.
pub fn open_store(
    settings: &Settings,
    folder: &Path,
    env: Env<'_>,
) -> Result<Option<OpenedStore>, OpenError> {
    let Some(address) = &settings.remote.value else { return Ok(None) };
    let store = Store::open(address.with_secrets(), &StoreOptions::default());
    let store = store.map_err(|source| {
        let origin = settings.remote.origin.clone();
        OpenError::Store { origin, source: Box::new(source) }
    })?;
    let access = settings.remote_access.value;
    let trust = match &settings.trusted_keys.value {
        Some(keys) => Trust::only(keys.iter().copied()),
        None => Trust::everybody(),
    };
    let key_file = settings.signing_key.value.as_deref().filter(|_| access.writes());
    let signer = key_file.map(read_key_pair).transpose().map_err(|source| {
        let origin = settings.signing_key.origin.clone();
        OpenError::SigningKey { origin, source }
    })?;
    let scope = settings.scope.value.as_ref().map(|template| template.scope(folder, env));
    Ok(Some(OpenedStore { store, access, trust, signer, scope }))
}

/// Puts a store behind the directory. Where the directory has no place for the journal of uploads,
/// it is used alone, which is the notice.
pub(crate) fn put_behind(
    directory: &Arc<DiskCache>,
    opened: OpenedStore,
    settings: &Settings,
    notify: Notify,
) -> Result<RemoteCache, Notice> {
    let OpenedStore { store, access, trust, signer, scope } = opened;
    let mut builder = RemoteCache::builder(directory.clone(), store)
        .access(match access {
            RemoteAccess::ReadWrite => Access::ReadWrite,
            RemoteAccess::ReadOnly => Access::ReadOnly,
            RemoteAccess::WriteOnly => Access::WriteOnly,
        })
        .trust(trust)
        .upload_wait(settings.upload_wait.value)
        .notify(move |text| notify(&Notice::StoreLeftAlone { text: text.to_owned() }));
    if let Some(pair) = signer {
        builder = builder.signer(pair);
    }
    if let Some(scope) = scope {
        builder = builder.scope(scope);
    }
    builder.start().map_err(|error| Notice::WithoutStore {
        problem: error.to_string(),
        dir: directory.dir().to_owned(),
    })
}
