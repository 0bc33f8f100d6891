//! From the store into the directory: nothing is answered before it is there, and nothing gets there
//! that is not what was asked for.

use std::error::Error as StdError;
use std::io::{ErrorKind, Read};
use std::sync::Arc;

use cache_core::{ActionId, Cache, Error, PutOptions, Source};
use cache_disk::DiskCache;

use crate::counts::Counters;
use crate::flight::Fetched;
use crate::key;
use crate::malformed::Malformed;
use crate::object::{self, HEADER, Header, Kind, MAX_RESULT};
use crate::pieces::{PieceReader, pass_on};
use crate::sign::{Signable, Trust, Untrusted};
use crate::store::{Pace, Store, StoreError};

/// What results are fetched with.
pub(crate) struct Fetching {
    pub(crate) local: Arc<DiskCache>,
    pub(crate) store: Store,
    pub(crate) trust: Trust,
    pub(crate) counters: Arc<Counters>,
}

/// Why a result is not in the directory now.
enum Problem {
    /// The store has one that is damaged, or of another action.
    Refused(String),
    /// The store has one of somebody who is not trusted.
    Untrusted(Untrusted),
    /// The store or the directory failed.
    Failed(String),
}

impl Fetching {
    /// Brings the result of an action into the directory. `received` hears of bytes that have come.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        action: ActionId,
        pace: Pace,
        received: &(dyn Fn(u64) + Sync),
    ) -> Fetched {
        match self.try_fetch(action, pace, received).await {
            Ok(true) => Fetched::Here,
            Ok(false) => Fetched::NotThere,
            Err(problem) => self.not_here(&action, problem),
        }
    }

    /// Puts a result into the directory that came as the object of a small one, but leaves alone
    /// what is there. For threads that may block.
    pub(crate) fn take(&self, header: &Header, body: &[u8]) -> Fetched {
        let action = header.said.action;
        let taken = self.accept(&action, header).and_then(|()| {
            if self.local.get(&action).is_ok_and(|lookup| lookup.is_hit()) {
                return Ok(());
            }
            self.put_decoded(&header.said, header, body)
        });
        match taken {
            Ok(()) => Fetched::Here,
            Err(problem) => self.not_here(&action, problem),
        }
    }

    fn not_here(&self, action: &ActionId, problem: Problem) -> Fetched {
        match problem {
            Problem::Refused(why) => {
                self.counters.refused();
                tracing::warn!("the store's result of action {action} is refused: {why}");
                Fetched::Refused(why.into())
            }
            Problem::Untrusted(why) => {
                self.counters.refused();
                tracing::debug!("the store's result of action {action} is refused: {why}");
                Fetched::Untrusted(why.to_string().into())
            }
            Problem::Failed(why) => {
                tracing::debug!("the result of action {action} did not come: {why}");
                Fetched::Failed(why.into())
            }
        }
    }

    /// Returns whether the store has it.
    async fn try_fetch(
        self: &Arc<Self>,
        action: ActionId,
        pace: Pace,
        received: &(dyn Fn(u64) + Sync),
    ) -> Result<bool, Problem> {
        let read = self.store.read(&key::of_action(&action), MAX_RESULT, pace).await?;
        let Some(object) = read else { return Ok(false) };
        let (header, _) = object::whole(&object)?;
        self.accept(&action, &header)?;
        match header.kind {
            Kind::Small => {
                let this = self.clone();
                self.blocking(move || {
                    let (header, body) = object::whole(&object)?;
                    this.put_decoded(&header.said, &header, body)
                })
                .await?;
                Ok(true)
            }
            Kind::Large => self.fetch_output(header.said, pace, received).await,
            Kind::Output => Err(Problem::Refused("it is an output where a result belongs".into())),
        }
    }

    /// Brings the bytes of a large result.
    async fn fetch_output(
        self: &Arc<Self>,
        said: Signable,
        pace: Pace,
        received: &(dyn Fn(u64) + Sync),
    ) -> Result<bool, Problem> {
        let stream = self.store.stream(&key::of_output(&said.output), pace).await?;
        let Some(body) = stream else { return Ok(false) };
        let (to, mut from) = PieceReader::new();
        let this = self.clone();
        let put = async move {
            self.blocking(move || {
                let mut header = [0; HEADER];
                from.read_exact(&mut header).map_err(|e| match e.kind() {
                    ErrorKind::UnexpectedEof => Problem::Refused("its output is cut off".into()),
                    _ => Problem::Failed(chain(&e)),
                })?;
                let (header, _) = Header::parse(&header)?;
                let found = (header.kind, header.said.output, header.said.size);
                if found != (Kind::Output, said.output, said.size) {
                    return Err(Problem::Refused("another output is in its output's place".into()));
                }
                this.put_decoded(&said, &header, from)
            })
            .await
        };
        let (put, ()) = tokio::join!(put, pass_on(body, to, received));
        put.map(|()| true)
    }

    /// Whether it is what was asked for, by somebody who is trusted.
    fn accept(&self, action: &ActionId, header: &Header) -> Result<(), Problem> {
        if header.said.action != *action {
            return Err(Problem::Refused(format!("it is that of action {}", header.said.action)));
        }
        let trusted = self.trust.check(&header.said, header.signed.as_ref());
        trusted.map_err(Problem::Untrusted)
    }

    /// Puts the output whose body, as it is stored, `body` gives. Its bytes are compared with its ID.
    fn put_decoded(
        &self,
        said: &Signable,
        header: &Header,
        body: impl Read + Send,
    ) -> Result<(), Problem> {
        let failed = |e: &dyn StdError| Problem::Failed(chain(e));
        let mut bytes = object::decode(header, body).map_err(|e| failed(&e))?;
        let entry = said.entry();
        let options = PutOptions {
            time: Some(entry.time),
            executable: said.executable.clone(),
            ..PutOptions::default()
        };
        let source = Source::Promised { output: entry.output, size: entry.size, body: &mut bytes };
        match self.local.put(&said.action, source, &options) {
            Ok(_) => {
                self.counters.fetched(entry.size);
                Ok(())
            }
            Err(error @ Error::BrokenPromise(_)) => Err(Problem::Refused(error.to_string())),
            // Damage shows itself in decoding, too.
            Err(Error::Source { source, .. }) if source.kind() == ErrorKind::InvalidData => {
                Err(Problem::Refused(source.to_string()))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    async fn blocking(
        &self,
        work: impl FnOnce() -> Result<(), Problem> + Send + 'static,
    ) -> Result<(), Problem> {
        let done = self.store.handle().spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Problem::Failed(error.to_string())))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error.is_too_large() {
            // What Larder stores is smaller.
            true => Problem::Refused(error.to_string()),
            false => Problem::Failed(error.to_string()),
        }
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Problem::Refused(malformed.to_string())
    }
}

/// An error with its reasons.
fn chain(error: &dyn StdError) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        // Most of ours say their reason themselves.
        let text = reason.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        source = reason.source();
    }
    said
}
