//! A directory that everybody can write to is not opened, and none is made so.

#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cache_core::{Cache, CacheExt, Error, FileName, PutOptions, Source};
use cache_disk::DiskCache;
use common::{action, entry_path, output_path};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_directory_that_everybody_can_write_to_is_refused_unless_that_is_allowed() {
    let dir = tempfile::tempdir().unwrap();
    for writable in [0o777, 0o1777, 0o702] {
        set_mode(dir.path(), writable);
        let refused = DiskCache::open(dir.path()).err().unwrap();
        assert!(matches!(&refused, Error::WorldWritable { dir: of } if of == dir.path()));
        let says = format!("everybody can write to the cache directory {}", dir.path().display());
        assert!(refused.to_string().starts_with(&says), "{refused}");
        DiskCache::builder(dir.path()).allow_world_writable(true).open().unwrap();
    }
    for closed in [0o700, 0o755, 0o2775, 0o770] {
        set_mode(dir.path(), closed);
        DiskCache::open(dir.path()).unwrap();
    }
}

/// The only test here that makes anything: the umask is the process's.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_made_more_open_than_the_directory_is() {
    rustix::process::umask(rustix::fs::Mode::empty());
    let dir = tempfile::tempdir().unwrap();
    for (top, folder, file, executable) in
        [(0o755, 0o775, 0o664, 0o775), (0o777, 0o777, 0o666, 0o777)]
    {
        set_mode(dir.path(), top);
        let cache = DiskCache::builder(dir.path()).allow_world_writable(true).open().unwrap();
        cache.put_bytes(&action(top.into()), b"bytes").unwrap();
        let tool = FileName::new("tool").unwrap();
        let options = PutOptions { executable: Some(tool), ..PutOptions::default() };
        cache.put(&action(1), Source::Bytes(b"a tool"), &options).unwrap();
        let entry = entry_path(dir.path(), &action(top.into()));
        let (output, tool) =
            (output_path(dir.path(), b"bytes"), output_path(dir.path(), b"a tool"));
        let modes = [entry.parent().unwrap(), &entry, &output, &tool, &tool.join("tool")].map(mode);
        assert_eq!(modes, [folder, file, file, folder, executable]);
        cache.clean(false).unwrap();
        fs::remove_dir(output.parent().unwrap()).unwrap();
        fs::remove_dir(entry.parent().unwrap()).ok();
    }
}
