//! Reading an object piece by piece, and no more slowly than its reader allows.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use opendal::BufferStream;
use tokio::time::{Instant, timeout};

use super::Inner;
use super::error::{StoreError, StoreProblem};

/// How slow a read may be before it fails. Only the time counts in which the reader waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How long the first piece may take, and each later one.
    pub(crate) piece: Duration,
    /// After the first second, how many bytes have to come in a second on average.
    pub(crate) per_second: u64,
}

impl Pace {
    /// For a lookup, which a build waits for.
    pub(crate) const LOOKUP: Self = Self { piece: Duration::from_secs(2), per_second: 64 << 10 };

    /// For what nobody waits for, such as prefetching.
    pub(crate) const BEHIND: Self = Self { piece: Duration::from_secs(20), per_second: 4 << 10 };

    /// How long the next piece may take when `bytes` have come within `waited`.
    pub(super) fn next(&self, bytes: u64, waited: Duration) -> Duration {
        let piece = if bytes == 0 { self.piece.saturating_sub(waited) } else { self.piece };
        if bytes == 0 || self.per_second == 0 {
            return piece;
        }
        let allowed =
            Duration::from_secs(1) + Duration::from_millis(bytes * 1000 / self.per_second);
        piece.min(allowed.saturating_sub(waited))
    }
}

/// The bytes of an object, as they come. Nothing is read ahead of what was asked for but what the
/// connection's buffers hold.
pub(crate) struct Body {
    store: Arc<Inner>,
    key: String,
    stream: BufferStream,
    first: Option<Vec<u8>>,
    pace: Pace,
    bytes: u64,
    /// Waited since the first piece, which is not counted in the average.
    waited: Duration,
}

impl Body {
    /// Opens an object and reads its first piece. `None`: it is not there.
    pub(super) async fn open(
        store: Arc<Inner>,
        key: &str,
        pace: Pace,
    ) -> Result<Option<Self>, StoreError> {
        let place = store.place("read", key);
        let opened = timeout(pace.piece, async {
            let reader = store.reads.reader(key).await?;
            let mut stream = reader.into_stream(..).await?;
            let first = stream.try_next().await?;
            Ok::<_, opendal::Error>((stream, first))
        });
        match opened.await {
            Ok(Ok((stream, first))) => {
                let first = first.map(|piece| piece.to_vec());
                let bytes = first.as_ref().map_or(0, |piece| piece.len() as u64);
                let waited = Duration::ZERO;
                let key = key.to_owned();
                Ok(Some(Self { store: store.clone(), key, stream, first, pace, bytes, waited }))
            }
            Ok(Err(error)) if error.kind() == opendal::ErrorKind::NotFound => Ok(None),
            Ok(Err(error)) => Err(place.failure(&error)),
            Err(_) => Err(place.problem(StoreProblem::Timeout)),
        }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the store fails or is too slow. After an error there is nothing more to be had.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let place = self.store.place("read", &self.key);
        let start = Instant::now();
        let limit = self.pace.next(self.bytes, self.waited);
        let next = timeout(limit, self.stream.try_next()).await;
        self.waited += start.elapsed();
        match next {
            Ok(Ok(piece)) => {
                let piece = piece.map(|piece| piece.to_vec());
                self.bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
                Ok(piece)
            }
            Ok(Err(error)) => Err(place.failure(&error)),
            Err(_) => {
                let problem = StoreProblem::TooSlow { bytes: self.bytes, within: self.waited };
                Err(place.problem(problem))
            }
        }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and when there were more than `limit` bytes so far.
    pub(crate) async fn next_within(&mut self, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let piece = self.next().await?;
        if self.bytes > limit {
            let place = self.store.place("read", &self.key);
            return Err(place.problem(StoreProblem::TooLarge { limit }));
        }
        Ok(piece)
    }

    /// All that is left.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and when it is more than `limit` bytes.
    pub(crate) async fn all(mut self, limit: u64) -> Result<Vec<u8>, StoreError> {
        let mut all = Vec::new();
        while let Some(piece) = self.next_within(limit).await? {
            if all.is_empty() {
                all = piece;
            } else {
                all.extend_from_slice(&piece);
            }
        }
        Ok(all)
    }
}
