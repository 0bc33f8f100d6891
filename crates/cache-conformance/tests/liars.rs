//! The suite can fail: each of these caches is wrong in one way, and the claim about just that says
//! so. The same cache without a lie passes every claim.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use cache_conformance::{CLAIMS, Fixture, run_all};
use cache_core::{
    ActionId, BrokenPromise, Cache, Entry, Error, Lookup, MissReason, OutputFile, OutputId,
    PutOptions, Result, Source, Stored,
};
use tempfile::TempDir;

/// What a cache does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    ForgetsPuts,
    KnowsEverything,
    SaysAnotherSize,
    KeepsTheFirstEntry,
    MixesTheActionIntoOutputIds,
    ReturnsAnotherEntryThanItStores,
    LosesNanoseconds,
    StampsThePast,
    InventsFiles,
    GivesRelativePaths,
    GivesARelativeFuzzDir,
    ClosesOnce,
    KeepsNothingWithoutVerify,
    KeepsNothingDurable,
    TakesFilesFromTheirPosition,
    TakesSeekablesFromTheirPosition,
    StopsAtTheFirstShortRead,
    TakesBrokenPromises,
    ForgetsOnFailure,
    HashesOnePassAndStoresAnother,
    StoresWhatCameBeforeAFailure,
    NamesWhateverIsThere,
    SaysTheSizeOfTheEntry,
    TrustsWhatIsThere,
    StoresExecutablesAsPlainFiles,
    MixesUpThreads,
}

/// A cache with its entries in memory and its outputs in a folder.
struct Liar {
    lie: Lie,
    folder: TempDir,
    entries: Mutex<HashMap<ActionId, Entry>>,
    last: Mutex<Option<Entry>>,
    closed: AtomicBool,
}

impl Liar {
    fn new(lie: Lie) -> Self {
        Self {
            lie,
            folder: tempfile::tempdir().unwrap(),
            entries: Mutex::default(),
            last: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    fn tells(&self, lie: Lie) -> bool {
        self.lie == lie
    }

    fn path(&self, output: &OutputId) -> PathBuf {
        self.folder.path().join(output.to_string())
    }

    /// Everything that a source gives, and what it was found to be.
    fn take(&self, action: &ActionId, source: Source<'_>) -> Result<(OutputId, Vec<u8>)> {
        let read = |reader: &mut dyn Read| self.read(action, reader);
        let bytes = match source {
            Source::Bytes(bytes) => bytes.to_vec(),
            Source::File(mut file) => {
                if !self.tells(Lie::TakesFilesFromTheirPosition) {
                    file.rewind().unwrap();
                }
                read(&mut file)?
            }
            Source::Seekable(source) => {
                if !self.tells(Lie::TakesSeekablesFromTheirPosition) {
                    source.rewind().unwrap();
                }
                let bytes = read(source)?;
                if self.tells(Lie::HashesOnePassAndStoresAnother) {
                    source.rewind().unwrap();
                    return Ok((OutputId::of(&bytes), read(source)?));
                }
                bytes
            }
            Source::Reader(reader) => read(reader)?,
            Source::Promised { output, size, body } => {
                let bytes = read(body)?;
                let (found, found_size) = (OutputId::of(&bytes), bytes.len() as u64);
                if self.tells(Lie::TakesBrokenPromises) {
                    return Ok((output, bytes));
                }
                if (found, found_size) != (output, size) {
                    return Err(Error::BrokenPromise(Box::new(BrokenPromise {
                        action: *action,
                        promised: output,
                        promised_size: size,
                        found,
                        found_size,
                    })));
                }
                bytes
            }
        };
        let mut output = OutputId::of(&bytes);
        if self.tells(Lie::MixesTheActionIntoOutputIds) {
            output = OutputId::of(&[action.as_ref(), &bytes].concat());
        }
        Ok((output, bytes))
    }

    fn read(&self, action: &ActionId, reader: &mut dyn Read) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = if self.tells(Lie::StopsAtTheFirstShortRead) {
            bytes.resize(1 << 20, 0);
            reader.read(&mut bytes).map(|n| bytes.truncate(n))
        } else {
            reader.read_to_end(&mut bytes).map(drop)
        };
        match read {
            Err(_) if self.tells(Lie::StoresWhatCameBeforeAFailure) => Ok(bytes),
            Err(source) => Err(Error::Source { action: *action, source }),
            Ok(()) => Ok(bytes),
        }
    }

    fn publish(&self, path: &Path, bytes: &[u8]) {
        let whole = match self.lie {
            Lie::TrustsWhatIsThere => path.exists(),
            _ => fs::read(path).is_ok_and(|found| found == bytes),
        };
        if !whole {
            let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
            file.persist(path).unwrap();
        }
    }

    /// The entry as it is stored.
    fn entry(&self, output: OutputId, size: u64, options: &PutOptions) -> Entry {
        let mut time = options.time.unwrap_or_else(SystemTime::now);
        match self.lie {
            Lie::LosesNanoseconds => {
                let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
                time = SystemTime::UNIX_EPOCH + Duration::from_micros(since.as_micros() as u64);
            }
            Lie::StampsThePast if options.time.is_none() => time -= Duration::from_secs(60),
            _ => {}
        }
        let size = size + u64::from(self.tells(Lie::SaysAnotherSize));
        Entry { output, size, time }
    }

    fn keep(&self, action: &ActionId, entry: Entry) {
        let mut entries = self.entries.lock().unwrap();
        match self.lie {
            Lie::ForgetsPuts => {}
            Lie::KeepsTheFirstEntry => _ = entries.entry(*action).or_insert(entry),
            Lie::MixesUpThreads => {
                drop(entries);
                *self.last.lock().unwrap() = Some(entry);
                // Long enough for another thread to put something else.
                thread::sleep(Duration::from_millis(1));
                let last = self.last.lock().unwrap().unwrap();
                self.entries.lock().unwrap().insert(*action, last);
            }
            _ => _ = entries.insert(*action, entry),
        }
    }
}

impl Cache for Liar {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        let entry = match self.entries.lock().unwrap().get(action) {
            Some(entry) => *entry,
            None if self.tells(Lie::KnowsEverything) => {
                let output = OutputId::of(b"");
                self.publish(&self.path(&output), b"");
                Entry { output, size: 0, time: SystemTime::now() }
            }
            None => return Ok(Lookup::Miss(MissReason::NotFound)),
        };
        Ok(Lookup::Hit(match self.lie {
            // Then whatever is in the file passes every check.
            Lie::NamesWhateverIsThere => match fs::read(self.path(&entry.output)) {
                Ok(found) => {
                    let output = OutputId::of(&found);
                    fs::write(self.path(&output), &found).unwrap();
                    Entry { output, size: found.len() as u64, ..entry }
                }
                Err(_) => entry,
            },
            Lie::ReturnsAnotherEntryThanItStores => {
                Entry { time: entry.time + Duration::from_secs(1), ..entry }
            }
            _ => entry,
        }))
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let plain = self.tells(Lie::StoresExecutablesAsPlainFiles);
        if options.executable.is_some() && !plain {
            return Err(Error::Unsupported("store executables"));
        }
        let (output, bytes) = self.take(action, source).inspect_err(|_| {
            if self.tells(Lie::ForgetsOnFailure) {
                self.entries.lock().unwrap().remove(action);
            }
        })?;
        let path = self.path(&output);
        self.publish(&path, &bytes);
        let size = bytes.len() as u64;
        let entry = self.entry(output, size, options);
        let dropped = match self.lie {
            Lie::KeepsNothingWithoutVerify => !options.verify,
            Lie::KeepsNothingDurable => options.durable,
            _ => false,
        };
        if !dropped {
            self.keep(action, entry);
        }
        Ok(Stored { entry, file: Some(OutputFile { path, size }) })
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        let mut path = self.path(output);
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(_) if self.tells(Lie::InventsFiles) => 0,
            Err(_) => return Ok(None),
        };
        let entries = self.entries.lock().unwrap();
        let size = match entries.values().find(|entry| entry.output == *output) {
            Some(entry) if self.tells(Lie::SaysTheSizeOfTheEntry) => entry.size,
            _ => size,
        };
        if self.tells(Lie::GivesRelativePaths) {
            path = relative(&path);
        }
        Ok(Some(OutputFile { path, size }))
    }

    fn fuzz_dir(&self) -> PathBuf {
        let dir = self.folder.path().join("fuzz");
        if self.tells(Lie::GivesARelativeFuzzDir) { relative(&dir) } else { dir }
    }

    fn close(&self) -> Result<()> {
        let again = self.closed.swap(true, Ordering::Relaxed);
        if again && self.tells(Lie::ClosesOnce) { Err(Error::Closed) } else { Ok(()) }
    }
}

fn relative(path: &Path) -> PathBuf {
    path.file_name().unwrap().into()
}

fn fixture(lie: Lie) -> Fixture {
    Fixture::new(Liar::new(lie), ())
}

/// The one claim of the suite with this name, tried on a cache with this lie, fails and says so.
fn is_caught(lie: Lie, name: &str) {
    let (_, claim) = CLAIMS.iter().find(|(claim, _)| *claim == name).unwrap();
    let factory = || fixture(lie);
    let panic = catch_unwind(AssertUnwindSafe(|| claim(&factory)))
        .expect_err(&format!("claim {name} holds for a cache that {lie:?}"));
    let message = panic.downcast_ref::<String>().expect("a panic says why");
    assert!(message.starts_with(&format!("claim {name} does not hold: ")), "{lie:?}: {message}");
}

#[test]
fn the_truth_passes() {
    run_all(&|| fixture(Lie::None));
}

#[test]
fn run_all_names_the_claims_that_do_not_hold() {
    let panic = catch_unwind(|| run_all(&|| fixture(Lie::ClosesOnce))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    let expected = format!("1 of {} claims do not hold: closing_twice_is_fine", CLAIMS.len());
    assert_eq!(*message, expected);
}

/// One test for each lie, and for each claim at least one lie.
macro_rules! lies {
    ($($test:ident: $lie:ident, $claim:ident;)*) => {
        $(
            #[test]
            fn $test() {
                is_caught(Lie::$lie, stringify!($claim));
            }
        )*

        #[test]
        fn every_claim_can_fail() {
            let caught = [$(stringify!($claim)),*];
            for (claim, _) in CLAIMS {
                assert!(caught.contains(claim), "no lie is caught by {claim}");
            }
        }
    };
}

lies! {
    a_hit_out_of_nothing: KnowsEverything, a_fresh_cache_misses;
    a_put_forgotten: ForgetsPuts, what_was_put_is_got;
    a_wrong_size: SaysAnotherSize, what_was_put_is_got;
    a_first_entry_kept: KeepsTheFirstEntry, a_later_put_replaces_the_entry;
    an_output_id_of_more_than_the_bytes:
        MixesTheActionIntoOutputIds, equal_outputs_of_two_actions_have_one_id;
    another_entry: ReturnsAnotherEntryThanItStores, the_stored_entry_is_what_get_says;
    a_rounded_time: LosesNanoseconds, a_given_time_travels_to_the_nanosecond;
    a_time_before_the_put: StampsThePast, a_put_without_a_time_gets_the_present_one;
    a_file_out_of_nothing: InventsFiles, an_unknown_output_has_no_file;
    a_relative_path: GivesRelativePaths, output_paths_are_absolute_and_hold_exactly_the_bytes;
    an_entry_larger_than_its_output: SaysAnotherSize, get_bytes_refuses_what_is_over_its_limit;
    a_put_without_verify_forgotten:
        KeepsNothingWithoutVerify, a_put_without_verify_stores_the_same;
    a_durable_put_forgotten: KeepsNothingDurable, a_durable_put_stores_the_same;
    a_relative_fuzz_dir: GivesARelativeFuzzDir, the_fuzz_dir_is_absolute;
    a_second_close_that_fails: ClosesOnce, closing_twice_is_fine;
    a_short_read_taken_for_the_end: StopsAtTheFirstShortRead, every_kind_of_source_stores_the_same;
    a_file_from_its_position: TakesFilesFromTheirPosition, a_file_is_taken_from_its_beginning;
    a_seekable_from_its_position:
        TakesSeekablesFromTheirPosition, a_seekable_source_is_taken_from_its_beginning;
    half_a_reader: StopsAtTheFirstShortRead, a_reader_is_taken_from_where_it_stands;
    a_broken_promise_stored: TakesBrokenPromises, a_broken_promise_stores_nothing;
    a_broken_promise_over_an_entry: TakesBrokenPromises, a_broken_promise_keeps_the_old_entry;
    an_entry_lost_to_a_broken_promise: ForgetsOnFailure, a_broken_promise_keeps_the_old_entry;
    another_pass_stored:
        HashesOnePassAndStoresAnother, a_changing_source_is_never_stored_as_a_lie;
    half_a_source_stored: StoresWhatCameBeforeAFailure, a_failing_source_stores_nothing;
    half_a_source_over_an_entry:
        StoresWhatCameBeforeAFailure, a_failing_source_keeps_the_old_entry;
    an_entry_lost_to_a_failure: ForgetsOnFailure, a_failing_source_keeps_the_old_entry;
    damage_under_a_new_name: NamesWhateverIsThere, changed_bytes_are_never_given_out;
    a_size_not_looked_at: SaysTheSizeOfTheEntry, an_output_cut_short_is_never_given_out;
    a_removed_file_still_named: InventsFiles, a_removed_output_is_never_given_out;
    damage_taken_for_the_output: TrustsWhatIsThere, a_put_mends_a_damaged_output;
    an_executable_without_its_name:
        StoresExecutablesAsPlainFiles, an_executable_runs_under_its_name_or_is_refused;
    threads_mixed_up: MixesUpThreads, eight_threads_see_only_right_answers;
}
