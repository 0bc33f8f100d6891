//! From settings to an open cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cache_core::{Cache, Result};
use cache_disk::DiskCache;
use cache_hash::{KeySpace, ReverseLookup, Trace};
use cache_prog_client::ProgCache;
#[cfg(feature = "remote")]
use cache_remote::RemoteCache;

use crate::address::StoreAddress;
use crate::dir::create;
use crate::env::{Env, process_env};
use crate::front::Front;
use crate::names::{DebugNames, Names};
use crate::notice::{Notice, Notify, to_log};
use crate::open_error::OpenError;
use crate::setting::OnHelperFailure;
use crate::settings::Settings;
#[cfg(feature = "remote")]
use crate::store;

/// Opens the cache that the settings say. What it has to say beside that goes to the log.
///
/// # Errors
///
/// Those of [`Opening::open`].
pub fn open(settings: &Settings) -> Result<Opened, OpenError> {
    Opening::of(settings).open()
}

/// How a cache is opened.
#[must_use]
pub struct Opening<'a> {
    settings: &'a Settings,
    notify: Notify,
    trace: Trace,
    close_budget: Option<Duration>,
    with_helper: bool,
    with_store: bool,
    makes: bool,
    folder: Option<PathBuf>,
    env: Env<'a>,
}

impl<'a> Opening<'a> {
    /// As [`open()`] does it.
    pub fn of(settings: &'a Settings) -> Self {
        Self {
            settings,
            notify: Arc::new(to_log),
            trace: Trace::new(|line| tracing::info!("{line}")),
            close_budget: None,
            with_helper: true,
            with_store: true,
            makes: true,
            folder: None,
            env: &process_env,
        }
    }

    /// Calls `notify` with what the cache has to say beside its answers, instead of telling the
    /// log. It may be called on any thread that uses the cache.
    pub fn notify(mut self, notify: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.notify = Arc::new(notify);
        self
    }

    /// Where the lines of the trace go, when the settings ask for it, instead of the log.
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// How long the trim on closing may take; see
    /// [`cache_disk::Builder::close_budget`].
    pub fn close_budget(mut self, budget: Duration) -> Self {
        self.close_budget = Some(budget);
        self
    }

    /// Starts no helper, whatever the settings name: for a helper, which would start itself.
    pub fn without_helper(mut self) -> Self {
        self.with_helper = false;
        self
    }

    /// Uses no store, whatever the settings name: for what looks after the directory.
    pub fn without_store(mut self) -> Self {
        self.with_store = false;
        self
    }

    /// Where the scope of a store's lists is read from: what is built, and its environment, which are
    /// the working directory and this process's when this is not said.
    pub fn scope_of(mut self, folder: impl Into<PathBuf>, env: Env<'a>) -> Self {
        self.folder = Some(folder.into());
        self.env = env;
        self
    }

    /// Opens only a directory that is there: for what only looks.
    pub fn existing(mut self) -> Self {
        self.makes = false;
        self
    }

    /// Opens the directory, which is created with its README when it is not there, and starts the
    /// helper or opens the store when one is named. It waits until the helper has said what it can
    /// do; it does not wait for the store.
    ///
    /// # Errors
    ///
    /// When the cache is off or nothing says where it is, when the directory cannot be created or
    /// opened, when everybody can write to it and the settings do not allow that, when the helper does not start and the settings do not say to go on, when the store's
    /// address or the signing key is wrong, and when both a helper and a store are named. That the
    /// store cannot be used is a notice.
    pub fn open(self) -> Result<Opened, OpenError> {
        let settings = self.settings;
        let prog = settings.prog.value.as_deref().filter(|_| self.with_helper);
        let address = settings.remote.value.as_ref().filter(|_| self.with_store);
        if let (Some(_), Some(_)) = (prog, address) {
            return Err(OpenError::HelperAndStore {
                prog: settings.prog.origin.clone(),
                remote: settings.remote.origin.clone(),
            });
        }
        let dir = settings.required_dir()?;
        if self.makes {
            create(dir, settings.names())?;
        }
        let reverse = settings.verify.value.then(ReverseLookup::new);
        let directory = open_directory(settings, dir, self.close_budget, reverse.clone())?;
        let mut opened = Opened {
            cache: directory.clone(),
            directory,
            #[cfg(feature = "remote")]
            remote: None,
            trace: if settings.trace.value { self.trace.clone() } else { Trace::default() },
            reverse,
        };
        if let Some(prog) = prog {
            opened.cache = in_front(prog, &opened.directory, settings, self.notify)?;
        } else if let Some(address) = address {
            self.add_store(address, &mut opened)?;
        }
        Ok(opened)
    }

    #[cfg(feature = "remote")]
    fn add_store(self, _: &StoreAddress, opened: &mut Opened) -> Result<(), OpenError> {
        // Where there is no working directory, nothing is known of what is built in it.
        let folder = self.folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        let store = match store::open_store(self.settings, &folder, self.env) {
            Ok(Some(store)) => store,
            Ok(None) => return Ok(()),
            // A store fails no build.
            Err(OpenError::Store { source, .. }) if !source.is_mistake() => {
                let dir = opened.directory.dir().to_owned();
                (self.notify)(&Notice::WithoutStore { problem: source.to_string(), dir });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match store::put_behind(&opened.directory, store, self.settings, self.notify.clone()) {
            Ok(remote) => {
                let remote = Arc::new(remote);
                opened.cache = remote.clone();
                opened.remote = Some(remote);
            }
            Err(notice) => (self.notify)(&notice),
        }
        Ok(())
    }

    #[cfg(not(feature = "remote"))]
    fn add_store(self, address: &StoreAddress, _: &mut Opened) -> Result<(), OpenError> {
        let (store, origin) = (address.to_string(), self.settings.remote.origin.clone());
        Err(OpenError::NoStores { store, origin })
    }
}

fn open_directory(
    settings: &Settings,
    dir: &Path,
    close_budget: Option<Duration>,
    reverse: Option<ReverseLookup>,
) -> Result<Arc<DiskCache>, OpenError> {
    let mut builder = DiskCache::builder(dir)
        .max_age(settings.max_age.value)
        .allow_world_writable(settings.allow_world_writable.value);
    if let Some(bytes) = settings.max_size.value {
        builder = builder.max_size(bytes);
    }
    if let Some(budget) = close_budget {
        builder = builder.close_budget(budget);
    }
    if let Some(reverse) = reverse {
        builder = builder.verify(move |action| reverse.get(action));
    }
    Ok(Arc::new(builder.open()?))
}

/// Starts the helper and puts it in front of the directory.
fn in_front(
    prog: &str,
    directory: &Arc<DiskCache>,
    settings: &Settings,
    notify: Notify,
) -> Result<Arc<dyn Cache>, OpenError> {
    let goes_on = settings.on_helper_failure.value == OnHelperFailure::Continue;
    if settings.verify.value {
        notify(&Notice::NotVerified { prog: prog.to_owned() });
    }
    let helper = not_misled(ProgCache::builder(prog, directory.fuzz_dir()), settings.names());
    let told = notify.clone();
    let helper = helper.on_waiting(move |waiting| told(&Notice::Waiting(waiting.clone())));
    match helper.start() {
        Ok(helper) => {
            Ok(Arc::new(Front::new(Box::new(helper), directory.clone(), goes_on, notify)))
        }
        Err(error) if goes_on => {
            let dir = directory.dir().to_owned();
            notify(&Notice::WithoutHelper { problem: error.to_string(), dir });
            Ok(directory.clone())
        }
        Err(source) => Err(OpenError::Helper { prog: prog.to_owned(), source }),
    }
}

/// Spares a helper, which may be one of Larder's, variables that are meant for this process.
pub(crate) fn not_misled(
    mut helper: cache_prog_client::Builder,
    names: &Names,
) -> cache_prog_client::Builder {
    if names.prog != Names::GO.prog {
        // With GOCACHE beside it, it would tell the helper that the go command started it.
        helper = helper.env(Names::GO.prog, "");
    }
    let DebugNames { variable, verify, hash, is_shared } = names.debug;
    if !is_shared {
        // The protocol cannot say which puts are not to be compared, so a helper in verify mode
        // would refuse some that are fine.
        helper = helper.env(variable, format!("{verify}=0,{hash}=0"));
    }
    helper
}

/// An open cache.
pub struct Opened {
    /// The cache: the directory, with a helper in front of it or a store behind it. Closing it
    /// closes both.
    pub cache: Arc<dyn Cache>,
    /// The directory.
    pub directory: Arc<DiskCache>,
    /// The cache once more, when there is a store behind the directory: what it did, and
    /// [`finish`](RemoteCache::finish) for a program that can go on with uploads after it has closed
    /// the cache.
    #[cfg(feature = "remote")]
    pub remote: Option<Arc<RemoteCache>>,
    trace: Trace,
    reverse: Option<ReverseLookup>,
}

impl Opened {
    /// A key space with this salt, traced when the settings say so. In verify mode it remembers what
    /// it hashed, so that an action which produced something else can be told by its description.
    pub fn keys(&self, salt: impl AsRef<[u8]>) -> KeySpace {
        let keys = KeySpace::new(salt).with_trace(self.trace.clone());
        match &self.reverse {
            Some(reverse) => keys.with_reverse_lookup(reverse.clone()),
            None => keys,
        }
    }

    /// Where the hashes of files are traced to, when the settings say so; see
    /// [`cache_hash::FileHashMemo`].
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}
