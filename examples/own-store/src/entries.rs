//! The rows: which entry an action has, and when each output was last used.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cache_core::{ActionId, Entry, Error, Lookup, MissReason, OutputId, Result};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

/// How long one process waits for what another one writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long before an output's mark of use is renewed: lookups should not all be writes.
const MARK_AFTER: Duration = Duration::from_secs(60 * 60);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        action BLOB PRIMARY KEY, output BLOB NOT NULL, size INTEGER NOT NULL, -- in bytes
        time INTEGER NOT NULL -- Unix nanoseconds
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outputs (
        output BLOB PRIMARY KEY, used INTEGER NOT NULL -- Unix nanoseconds
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS trims (done INTEGER NOT NULL) STRICT; -- Unix nanoseconds
";

pub(crate) struct Entries {
    path: PathBuf,
    connection: Connection,
}

impl Entries {
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let opened = connect(&path).map_err(failed("open", &path));
        Ok(Self { connection: opened?, path })
    }

    pub(crate) fn get(&self, action: &ActionId) -> Result<Lookup> {
        let sql = "SELECT output, size, time FROM entries WHERE action = ?1";
        let columns = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        };
        let row = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([action.as_bytes()], columns).optional());
        let row = row.map_err(failed("look up an entry in", &self.path))?;
        let Some((output, size, time)) = row else {
            return Ok(Lookup::Miss(MissReason::NotFound));
        };
        let output = <[u8; 32]>::try_from(output).map(OutputId::from_bytes);
        let (Ok(output), Ok(size)) = (output, u64::try_from(size)) else {
            return Ok(Lookup::Miss(MissReason::Malformed("output ID or size out of range")));
        };
        Ok(Lookup::Hit(Entry { output, size, time: from_nanoseconds(time) }))
    }

    /// Marks an output as used; returns whether it is known.
    pub(crate) fn mark(&mut self, output: &OutputId) -> Result<bool> {
        let sql = "SELECT used FROM outputs WHERE output = ?1";
        let used = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_row([output.as_bytes()], |row| row.get(0)).optional()
        });
        let used = used.map_err(failed("look up an output in", &self.path))?;
        let Some(used) = used else { return Ok(false) };
        let now = SystemTime::now();
        if now.duration_since(from_nanoseconds(used)).is_ok_and(|age| age < MARK_AFTER) {
            return Ok(true);
        }
        // A trim may be faster, and then there is no row any more.
        let sql = "UPDATE outputs SET used = ?2 WHERE output = ?1";
        let marked = self.connection.execute(sql, params![output.as_bytes(), nanoseconds(now)?]);
        Ok(marked.map_err(failed("mark an output in", &self.path))? > 0)
    }

    /// Does `work` while no other process writes, and makes its rows count all at once at the end,
    /// or none of them when it fails. `durable`: after a loss of power too.
    pub(crate) fn write<T>(
        &mut self,
        durable: bool,
        work: impl FnOnce(&Rows<'_>) -> Result<T>,
    ) -> Result<T> {
        let Self { path, connection } = self;
        let synchronous = if durable { "full" } else { "normal" };
        connection
            .pragma_update(None, "synchronous", synchronous)
            .map_err(failed("set up", path))?;
        // Immediate: it waits now, and not in the middle, where another's writing would be an error.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("lock", path))?;
        let rows = Rows { path, transaction };
        let done = work(&rows)?;
        rows.transaction.commit().map_err(failed("write", path))?;
        Ok(done)
    }

    /// When the last trim was.
    pub(crate) fn last_trim(&self) -> Result<Option<SystemTime>> {
        let sql = "SELECT max(done) FROM trims";
        let done = self.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        Ok(done.map_err(failed("read", &self.path))?.map(from_nanoseconds))
    }

    pub(crate) fn close(self) -> Result<()> {
        self.connection.close().map_err(|(_, e)| failed("close", &self.path)(e))
    }
}

/// The rows while nobody else writes them.
pub(crate) struct Rows<'a> {
    path: &'a Path,
    transaction: Transaction<'a>,
}

impl Rows<'_> {
    pub(crate) fn put(&self, action: &ActionId, entry: &Entry) -> Result<()> {
        let size = i64::try_from(entry.size)
            .map_err(|_| Error::Unsupported("store an output of 8 EiB or more"))?;
        let (output, time) = (entry.output.as_bytes(), nanoseconds(entry.time)?);
        let used = params![output, nanoseconds(SystemTime::now())?];
        self.execute("INSERT OR REPLACE INTO outputs VALUES (?1, ?2)", used)?;
        let entry = params![action.as_bytes(), output, size, time];
        self.execute("INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4)", entry)
    }

    /// Forgets what was not used since then.
    pub(crate) fn forget(&self, unused_since: SystemTime) -> Result<()> {
        let since = params![nanoseconds(unused_since)?];
        self.execute("DELETE FROM outputs WHERE used < ?1", since)?;
        let gone = "DELETE FROM entries WHERE output NOT IN (SELECT output FROM outputs)";
        self.execute(gone, [])?;
        self.execute("DELETE FROM trims", [])?;
        let now = params![nanoseconds(SystemTime::now())?];
        self.execute("INSERT INTO trims VALUES (?1)", now)
    }

    pub(crate) fn has_output(&self, output: &OutputId) -> Result<bool> {
        let sql = "SELECT 1 FROM outputs WHERE output = ?1";
        let known = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.exists([output.as_bytes()]));
        known.map_err(failed("look up an output in", self.path))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<()> {
        let done = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values));
        done.map_err(failed("write", self.path))?;
        Ok(())
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // A log beside the file, so that lookups do not wait for puts. To switch to it takes the file for
    // oneself, and for that SQLite does not wait by itself.
    let begun = Instant::now();
    while let Err(e) = connection.pragma_update(None, "journal_mode", "wal") {
        if e.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || begun.elapsed() > PATIENCE {
            return Err(e);
        }
        thread::sleep(Duration::from_millis(5));
    }
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

/// A failure of SQLite's, which by itself names no file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
struct EntriesError {
    operation: &'static str,
    path: PathBuf,
    source: rusqlite::Error,
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    move |source| {
        Error::Backend(Box::new(EntriesError { operation, path: path.to_owned(), source }))
    }
}

/// SQLite's integers hold the years from 1677 to 2262.
pub(crate) fn nanoseconds(time: SystemTime) -> Result<i64> {
    let nanoseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|before| -before),
    };
    nanoseconds.ok_or(Error::Unsupported("store a time before 1677 or after 2262"))
}

fn from_nanoseconds(nanoseconds: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}
