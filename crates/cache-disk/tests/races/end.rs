//! What has to hold once everyone has ended.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cache_core::CacheExt;
use cache_disk::{CheckUpOptions, DiskCache, TrimOptions};

use crate::Counts;
use crate::world::World;

/// Nobody was killed, so nothing is left over. What Go's failed writers have truncated, a put mends.
/// Then nothing is bad, and once everything is old, everything goes.
pub(crate) fn all_is_well(dir: &Path, world: &World) {
    assert_only_entries_and_outputs(dir);
    let cache = DiskCache::open(dir).unwrap();
    for (number, action) in world.actions.iter().enumerate() {
        for body in world.bodies(number) {
            cache.put_bytes(action, &body.bytes).unwrap();
            let found = cache.get_bytes(action, u64::MAX).unwrap().hit();
            assert!(found.is_some_and(|(_, bytes)| bytes == body.bytes), "{}", body.output);
        }
    }
    let report = cache.check_up(&CheckUpOptions::default()).unwrap();
    println!(
        "check-up: {} entries, {} of them without an output, {} outputs of {} bytes",
        report.entries, report.without_output, report.outputs, report.output_bytes
    );
    assert!(report.bad.is_empty(), "{:?}", report.bad);
    assert_eq!((report.unsettled, report.foreign), (0, 0));

    let later = SystemTime::now() + Duration::from_secs(6 * 24 * 60 * 60);
    let later = DiskCache::builder(dir).clock(move || later).open().unwrap();
    let report = later.trim(&TrimOptions { force: true, ..TrimOptions::default() }).unwrap();
    assert!(report.failures.is_empty() && report.in_use == 0, "{report:?}");
    let left: Vec<_> = (0..=u8::MAX).flat_map(|folder| names(dir, folder)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn assert_only_entries_and_outputs(dir: &Path) {
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    for folder in 0..=u8::MAX {
        for name in names(dir, folder) {
            let id = name.strip_suffix("-a").or(name.strip_suffix("-d")).unwrap_or_default();
            assert!(
                id.len() == 64 && hex(id) && id.starts_with(&format!("{folder:02x}")),
                "{folder:02x}/{name} is neither an entry nor an output"
            );
        }
    }
}

/// The names in one of the 256 folders.
fn names(dir: &Path, folder: u8) -> Vec<String> {
    let items = fs::read_dir(dir.join(format!("{folder:02x}"))).into_iter().flatten();
    items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
}

/// What the test claims has happened, and not just once: so often in ten seconds at least.
pub(crate) fn it_was_a_crowd(total: &Counts, length: Duration) {
    for (what, at_least) in [
        ("bytes got", 100),
        ("entries got", 60),
        ("outputs mapped", 20),
        ("outputs opened", 60),
        ("paths got", 100),
        ("looks at a held path", 300),
        ("held paths that were cleaned", 20),
        ("puts", 100),
        ("puts that failed", 30),
        ("puts whose source changed", 1),
        ("puts by Go", 100),
        ("puts by Go that failed and truncated", 1),
        ("hits of Go", 100),
        ("looks at a path held by Go", 50),
        ("trims", 20),
        ("trims by Go", 5),
        ("old results put", 50),
        ("old results used", 5),
        ("outputs trimmed", 20),
        ("entries trimmed", 20),
        ("cleans", 2),
    ] {
        let at_least = if what == "cleans" { at_least } else { at_least * length.as_secs() / 10 };
        let count = total.get(what).copied().unwrap_or_default();
        assert!(count >= at_least, "{what}: {count}, expected {at_least} at least: {total:#?}");
    }
}
