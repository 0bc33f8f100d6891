//! What was put and is not done is adopted, once, by whoever comes next.

#[cfg(unix)]
mod killed;

use std::fs::{self, OpenOptions};
use std::io::Write;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::claims;
use crate::random::{action as any_action, damaged, times};

const STORE: &str = "s3://bucket/prefix";

/// With so little, a journal is rewritten all the time.
const TINY: Limits = Limits { pending: 100, rewrite: 500 };

fn action(number: u32) -> ActionId {
    let mut id = [0xab; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id.into()
}

fn open(dir: &TempDir) -> (Journal, Vec<ActionId>) {
    Journal::open(dir.path(), STORE).unwrap()
}

/// The journals of the store, by name.
fn files(dir: &TempDir) -> Vec<PathBuf> {
    let folder = folder(dir.path(), STORE);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

fn size(dir: &TempDir) -> u64 {
    files(dir).iter().map(|path| path.metadata().unwrap().len()).sum()
}

/// A journal that a process left behind.
fn left_behind(dir: &TempDir, name: &str, content: &[u8]) {
    let folder = folder(dir.path(), STORE);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), content).unwrap();
}

#[test]
fn what_is_not_done_is_adopted_in_the_order_in_which_it_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let (first, adopted) = open(&dir);
    assert_eq!(adopted, []);
    for number in [5, 3, 4, 1, 2] {
        first.put(&action(number)).unwrap();
    }
    first.done(&action(4));
    first.done(&action(9));
    assert_eq!(first.pending(), 4);
    drop(first);

    let (second, adopted) = open(&dir);
    assert_eq!(adopted, [5, 3, 1, 2].map(action));
    assert_eq!(second.pending(), 4);
    assert_eq!(files(&dir).len(), 1, "the first one's is gone");
    for action in &adopted {
        second.done(action);
    }
    drop(second);
    assert!(files(&dir).is_empty(), "there is nothing left to say");
}

#[test]
fn what_was_put_twice_is_done_after_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(&dir);
    for _ in 0..2 {
        journal.put(&action(1)).unwrap();
    }
    journal.done(&action(1));
    assert_eq!(journal.pending(), 1);
    drop(journal);
    let (journal, adopted) = open(&dir);
    assert_eq!(adopted, [action(1)]);
    journal.done(&action(1));
    assert_eq!(journal.pending(), 0);
}

#[test]
fn a_journal_of_a_process_that_lives_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = open(&dir);
    first.put(&action(1)).unwrap();
    let (second, adopted) = open(&dir);
    assert_eq!(adopted, []);
    second.put(&action(2)).unwrap();
    drop(first);
    let (third, adopted) = open(&dir);
    assert_eq!(adopted, [action(1)]);
    drop((second, third));
    let (_journal, mut adopted) = open(&dir);
    adopted.sort();
    assert_eq!(adopted, [1, 2].map(action));
}

#[test]
fn each_store_has_journals_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(&dir);
    journal.put(&action(1)).unwrap();
    drop(journal);
    let (other, adopted) = Journal::open(dir.path(), "s3://bucket/other").unwrap();
    assert_eq!(adopted, []);
    drop(other);
    assert_eq!(open(&dir).1, [action(1)]);
}

#[test]
fn a_torn_line_was_never_answered_and_a_damaged_one_costs_itself() {
    let dir = tempfile::tempdir().unwrap();
    let line = pending::put_line;
    let torn = &line(&action(4))[..68];
    let text = format!(
        "{}{}put 12\n\nput {}\n\0\0\0\0{}drop {}\n{}{torn}",
        line(&action(1)),
        line(&action(2)),
        "x".repeat(64),
        line(&action(5)),
        action(6),
        line(&action(3)),
    );
    left_behind(&dir, "0000000000000001.journal", text.as_bytes());
    assert_eq!(open(&dir).1, [1, 2, 3].map(action));
}

#[test]
fn what_was_never_finished_and_what_is_not_ours() {
    let dir = tempfile::tempdir().unwrap();
    let line = pending::put_line(&action(1));
    left_behind(&dir, "0000000000000001.new", line.as_bytes());
    left_behind(&dir, "0000000000000001.journal2", line.as_bytes());
    fs::create_dir(folder(dir.path(), STORE).join("0000000000000002.journal")).unwrap();
    let (journal, adopted) = open(&dir);
    assert_eq!(adopted, []);
    drop(journal);
    let names: Vec<_> = files(&dir).iter().map(|path| name_of(path).to_owned()).collect();
    assert_eq!(names, ["0000000000000001.journal2", "0000000000000002.journal"]);
}

#[test]
fn a_file_and_its_rewritten_form_are_adopted_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let all: String = (0..9).map(|number| pending::put_line(&action(number))).collect();
    let rest: String = (4..9).map(|number| pending::put_line(&action(number))).collect();
    let done: String = (0..4).map(|number| pending::done_line(&action(number))).collect();
    left_behind(&dir, "0000000000000001.journal", (all + &done).as_bytes());
    left_behind(&dir, "0000000000000002.journal", rest.as_bytes());
    let (journal, mut adopted) = open(&dir);
    adopted.sort();
    assert_eq!(adopted, (4..9).map(action).collect::<Vec<_>>());
    assert_eq!(journal.pending(), 5);
}

#[test]
fn a_journal_of_uploads_that_get_done_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open_with(dir.path(), STORE, TINY).unwrap();
    for number in 0..1000 {
        journal.put(&action(number)).unwrap();
        if number >= 3 {
            journal.done(&action(number - 3));
        }
        assert!(size(&dir) <= TINY.rewrite + 140, "{}", size(&dir));
        assert_eq!(files(&dir).len(), 1);
    }
    drop(journal);
    assert_eq!(open(&dir).1, [997, 998, 999].map(action));
}

#[test]
fn no_more_wait_than_the_limit_and_nothing_that_waits_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { pending: 10, ..TINY };
    let open = || Journal::open_with(dir.path(), STORE, limits).unwrap();
    let (first, _) = open();
    for number in 0..10 {
        first.put(&action(number)).unwrap();
    }
    let refused = first.put(&action(10)).unwrap_err().to_string();
    assert!(refused.contains("10 are waiting already"), "{refused}");
    first.done(&action(0));
    first.put(&action(10)).unwrap();
    let (second, adopted) = open();
    assert_eq!(adopted, []);
    second.put(&action(20)).unwrap();
    drop((first, second));

    // Both together are more than there is room for: one waits for the next process.
    let (third, adopted) = open();
    let waiting = files(&dir).len() - 1;
    assert_eq!((adopted.len(), waiting), (10, 1));
    adopted.iter().for_each(|action| third.done(action));
    drop(third);
    assert_eq!(open().1, [action(20)]);
}

#[test]
fn a_journal_whose_folder_is_removed_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open_with(dir.path(), STORE, TINY).unwrap();
    fs::remove_dir_all(dir.path().join("larder")).unwrap();
    for number in 0..100 {
        journal.put(&action(number)).unwrap();
        if number > 0 {
            journal.done(&action(number));
        }
    }
    drop(journal);
    assert_eq!(open(&dir).1, [action(0)], "it was rewritten where it belongs");
}

#[test]
fn a_directory_that_cannot_be_written_to_is_an_error_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("larder"), "in the way").unwrap();
    let error = Journal::open(dir.path(), STORE).unwrap_err().to_string();
    assert!(error.contains("cannot create a journal of uploads in"), "{error}");
    assert!(error.contains(dir.path().to_str().unwrap()), "{error}");
}

/// A full disk, as far as one can be had without being root: a write that fails after some bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_put_that_cannot_be_written_down_is_refused_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(&dir);
    journal.put(&action(1)).unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let kept = std::mem::replace(&mut *journal.state().own.file_mut(), full);
    let error = journal.put(&action(2)).unwrap_err().to_string();
    assert!(error.contains("cannot note an upload in"), "{error}");
    assert_eq!(journal.pending(), 1);

    // What fitted of it, and could not be removed.
    (&kept).write_all(b"put 0123").unwrap();
    *journal.state().own.file_mut() = kept;
    journal.put(&action(3)).unwrap();
    journal.done(&action(1));
    drop(journal);
    assert_eq!(open(&dir).1, [action(3)]);
}

#[test]
fn many_threads_use_one_journal() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) =
        Journal::open_with(dir.path(), STORE, Limits { pending: 1000, ..TINY }).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0..100 {
                    journal.put(&action(1000 * thread + number)).unwrap();
                    if number % 10 > 0 {
                        journal.done(&action(1000 * thread + number));
                    }
                }
            });
        }
    });
    assert_eq!(journal.pending(), 40);
    drop(journal);
    let (_journal, mut adopted) = open(&dir);
    adopted.sort();
    let tens = |thread: u32| (0..10).map(move |ten| action(1000 * thread + 10 * ten));
    assert_eq!(adopted, (0..4).flat_map(tens).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(times(200))]

    #[test]
    fn any_history_is_read_back(
        ids in vec(any_action(), 1..5), history in vec((any::<bool>(), any::<usize>()), 0..60),
    ) {
        let mut pending = Pending::default();
        let mut text = String::new();
        for (is_put, at) in history {
            let action = &ids[at % ids.len()];
            if is_put {
                pending.put(action);
                text += &pending::put_line(action);
            } else if pending.done(action) {
                text += &pending::done_line(action);
            }
        }
        let read = Pending::replay(text.as_bytes());
        prop_assert_eq!(read.in_order(), pending.in_order());
        prop_assert_eq!(read.to_text(), pending.to_text());
        prop_assert_eq!(read.len(), pending.len());
    }

    #[test]
    fn a_flipped_bit_costs_at_most_the_lines_beside_it(
        count in 1u32..9, at in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let text: String = (0..count).map(|number| pending::put_line(&action(number))).collect();
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        let read = Pending::replay(&bytes).in_order();
        let hit = (at / 69) as u32;
        let kept = (0..count).filter(|number| *number != hit && *number != hit + 1).map(action);
        for action in kept {
            prop_assert!(read.contains(&action));
        }
        prop_assert!(read.len() <= count as usize);
    }

    #[test]
    fn nearly_a_journal_is_read(
        bytes in vec((any::<bool>(), 0u32..5), 0..9).prop_flat_map(|lines| {
            let of = |(is_put, number)| match is_put {
                true => pending::put_line(&action(number)),
                false => pending::done_line(&action(number)),
            };
            damaged(lines.into_iter().map(of).collect::<String>().into_bytes())
        }),
    ) {
        claims::journal(&bytes);
    }
}

#[test]
fn what_is_left_is_counted_for_each_store_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let left = || uploads_left(dir.path(), Some(STORE)).unwrap();
    assert_eq!(left(), UploadsLeft::default());
    assert!(!dir.path().join("larder").exists());

    let (journal, _) = open(&dir);
    let (other, _) = Journal::open(dir.path(), "s3://another").unwrap();
    (0..3).for_each(|n| journal.put(&action(n)).unwrap());
    journal.put(&action(1)).unwrap();
    journal.done(&action(0));
    other.put(&action(9)).unwrap();
    assert_eq!((left().processes, left().here, left().elsewhere), (2, 0, 0));
    drop(journal);
    drop(other);
    let before = files(&dir);
    assert_eq!((left().processes, left().here, left().elsewhere), (0, 2, 1));
    let unnamed = uploads_left(dir.path(), None).unwrap();
    assert_eq!((unnamed.here, unnamed.elsewhere), (0, 3));
    assert_eq!(files(&dir), before);
    assert_eq!(open(&dir).1, [1, 2].map(action));
}
