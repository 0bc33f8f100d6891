//! Temporary files with a name and without, and what they become where the system does not help.

use std::fs;
use std::path::Path;

use super::*;
use crate::root::FILE_MODE;

const NAME: &str = "ab/file-d";

fn root(folder: &Path) -> Root {
    fs::create_dir(folder.join("ab")).unwrap();
    Root::open(folder.to_owned()).unwrap()
}

/// A written one that will never have a name: what it once had was taken away.
fn nameless<'a>(root: &'a Root, folder: &Path) -> Temporary<'a> {
    let path = folder.join("gone");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    fs::remove_file(path).unwrap();
    let mut temporary = Temporary::new(root, 0xab, FILE_MODE, None, file);
    temporary.write(b"bytes").unwrap();
    temporary
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder.join("ab")).unwrap();
    names.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_cannot_be_given_a_name_is_copied_to_what_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = root(folder.path());
    let mut temporary = nameless(&root, folder.path());
    temporary.mtime = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
    assert!(!temporary.publish_new(NAME, &Clock::System, false).unwrap());
    assert!(temporary.publish(NAME, &Clock::System, false).unwrap());
    drop(temporary);
    assert_eq!(names(folder.path()), ["file-d"]);
    let path = folder.path().join(NAME);
    assert_eq!(fs::read(&path).unwrap(), b"bytes");
    let mtime = fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(mtime, SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
    // From then on they have a name from the beginning.
    let next = Temporary::create_unnamed(&root, 0xab, FILE_MODE).unwrap();
    assert!(next.name.is_some());
    drop(next);
    assert_eq!(names(folder.path()), ["file-d"]);
}

#[test]
fn with_a_name_or_without_it_is_published_whole_or_leaves_nothing() {
    type Make = for<'a> fn(&'a Root, &Path) -> Temporary<'a>;
    let ways: [(Make, &[u8]); 3] = [
        (|root, _| Temporary::create_unnamed(root, 0xab, FILE_MODE).unwrap(), b""),
        (|root, _| Temporary::create(root, 0xab, FILE_MODE).unwrap(), b""),
        (nameless, b"bytes"),
    ];
    for (make, written) in ways {
        for is_there in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let root = root(folder.path());
            let path = folder.path().join(NAME);
            if is_there {
                fs::write(&path, "old").unwrap();
            }
            let old = names(folder.path());
            make(&root, folder.path()).name().unwrap();
            assert_eq!(names(folder.path()), old, "after one that was not published");
            let mut temporary = make(&root, folder.path());
            temporary.write(b"more").unwrap();
            if is_there {
                assert!(!temporary.publish_new(NAME, &Clock::System, false).unwrap());
                assert_eq!(fs::read(&path).unwrap(), b"old");
            }
            assert!(temporary.publish(NAME, &Clock::System, false).unwrap());
            drop(temporary);
            assert_eq!(fs::read(&path).unwrap(), [written, b"more"].concat());
            assert_eq!(names(folder.path()), ["file-d"]);
        }
    }
}

#[test]
fn a_folder_that_is_gone_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = root(folder.path());
    let remove = || fs::remove_dir_all(folder.path().join("ab")).unwrap();
    remove();
    let mut temporary = Temporary::create_unnamed(&root, 0xab, FILE_MODE).unwrap();
    temporary.write(b"bytes").unwrap();
    remove();
    let is_new = temporary.publish_new(NAME, &Clock::System, false).unwrap();
    assert!(is_new || temporary.publish(NAME, &Clock::System, false).unwrap());
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), b"bytes");
}

#[test]
fn whatever_has_a_name_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let root = root(folder.path());
    let mut named = Temporary::create_unnamed(&root, 0xab, FILE_MODE).unwrap();
    named.name().unwrap();
    let mut copied = nameless(&root, folder.path());
    copied.name().unwrap();
    let files = names(folder.path());
    assert_eq!(files.len(), 2);
    for name in files {
        let file = File::open(folder.path().join("ab").join(name)).unwrap();
        assert!(FileExt::try_lock(&file).is_err(), "a trim takes it");
        FileExt::try_lock_shared(&file).expect("as another put locks it");
    }
}
