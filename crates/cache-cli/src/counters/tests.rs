use cache_core::OutputId;

use super::*;

const TODAY: Day = 20_000;

fn used(kind: Kind, hits: u64) -> Used {
    Used { hits, misses: 1, puts: 2, saved: Duration::from_millis(1_500), ..Used::new(kind) }
}

/// A cache directory, and its counters' path.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = path(&ours(dir.path()));
    (dir, path)
}

/// Larder's own folder in a cache directory.
fn ours(dir: &Path) -> PathBuf {
    dir.join("larder")
}

fn record(dir: &Path, used: &Used) {
    record_in(&ours(dir), used).ok();
}

fn read(dir: &Path) -> io::Result<Counted> {
    read_in(&ours(dir))
}

fn hits(dir: &Path) -> u64 {
    read(dir).expect("readable counters").by_day.values().map(|used| used.hits).sum()
}

#[test]
fn what_is_recorded_is_read_again() {
    let (dir, _) = place();
    record(dir.path(), &used(Kind::Run, 3));
    record(dir.path(), &used(Kind::Run, 4));
    record(dir.path(), &used(Kind::Serve, 5));
    record(dir.path(), &Used::new(Kind::Get));
    let counted = read(dir.path()).expect("readable counters");
    assert_eq!(counted.damaged, 0);
    let found: Vec<(Kind, u64, u64, u64, Duration)> = counted
        .by_day
        .values()
        .map(|used| (used.kind, used.hits, used.misses, used.puts, used.saved))
        .collect();
    // Midnight may lie between the two runs.
    assert_eq!(found.iter().map(|used| used.1).sum::<u64>(), 12);
    assert_eq!(found.iter().map(|used| used.2).sum::<u64>(), 3);
    assert_eq!(found.iter().map(|used| used.3).sum::<u64>(), 6);
    assert_eq!(found.iter().map(|used| used.4).sum::<Duration>(), Duration::from_millis(4_500));
    assert!(found.iter().all(|used| used.0 != Kind::Get));
}

#[test]
fn the_line_is_as_the_format_says() {
    let line = line::write(20_777, &used(Kind::Serve, 1_135));
    let (text, sum) = line.rsplit_once(' ').expect("a checksum");
    assert_eq!(text, "v1 20777 serve 1135 1 2 1500000000");
    assert_eq!(sum.trim_end(), &OutputId::of(format!("{text} ").as_bytes()).to_string()[..16]);
}

/// The example in docs/FORMAT.md, which is in no way computed here.
#[test]
fn the_formats_example_is_what_is_written() {
    let used = Used { hits: 1_135, ..Used::new(Kind::Serve) };
    let line = line::write(20_777, &used);
    assert_eq!(line, "v1 20777 serve 1135 0 0 0 df3b199db86bb2e8\n");
    assert!(include_str!("../../../../docs/FORMAT.md").contains(line.trim_end()));
}

#[test]
fn a_line_that_is_cut_anywhere_costs_itself_alone() {
    let whole = line::write(TODAY, &used(Kind::Get, 100));
    for cut in 0..whole.len() {
        let (dir, path) = place();
        append(&path, TODAY, &used(Kind::Get, 1)).expect("an append");
        let mut file = OpenOptions::new().append(true).open(&path).expect("the counters");
        file.write_all(&whole.as_bytes()[..cut]).expect("a torn line");
        assert_eq!(hits(dir.path()), 1, "cut at {cut}");
        append(&path, TODAY, &used(Kind::Get, 2)).expect("an append");
        let expected = if cut == whole.len() - 1 { 103 } else { 3 };
        assert_eq!(hits(dir.path()), expected, "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_never_counted() {
    let (dir, path) = place();
    append(&path, TODAY, &used(Kind::Get, 7)).expect("an append");
    let good = fs::read(&path).expect("the counters");
    for at in 0..good.len() - 1 {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            fs::write(&path, &bad).expect("damage");
            assert_eq!(hits(dir.path()), 0, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn numbers_that_are_too_large_stay_at_the_largest() {
    let (dir, path) = place();
    let most = Used { hits: u64::MAX, saved: Duration::MAX, ..Used::new(Kind::Run) };
    for _ in 0..3 {
        append(&path, TODAY, &most).expect("an append");
    }
    let counted = read(dir.path()).expect("readable counters");
    assert_eq!(counted.by_day[&(TODAY, Kind::Run)].hits, u64::MAX);
}

#[test]
fn a_large_file_is_folded_and_loses_no_number() {
    let (dir, path) = place();
    append(&path, TODAY, &used(Kind::Get, 1)).expect("an append");
    let lines = 2 * FOLD / fs::metadata(&path).expect("the counters").len();
    for n in 1..lines {
        let kind = Kind::ALL[n as usize % 3];
        append(&path, TODAY + n % 30, &used(kind, 1)).expect("an append");
        assert!(fs::metadata(&path).expect("the counters").len() < FOLD + 200);
    }
    assert_eq!(hits(dir.path()), lines);
    assert!(fs::metadata(&path).expect("the counters").len() < FOLD);
}

#[test]
fn folding_keeps_the_newest_400_days_and_has_room_for_them() {
    let (dir, path) = place();
    let most = Used {
        hits: u64::MAX / 2_000,
        misses: u64::MAX,
        puts: u64::MAX,
        saved: Duration::MAX,
        ..Used::new(Kind::Serve)
    };
    let mut text = String::new();
    for day in 0..1_000 {
        for kind in Kind::ALL {
            text += &line::write(TODAY + day, &Used { kind, ..most });
        }
    }
    fs::create_dir(path.parent().expect("a folder")).expect("the folder");
    fs::write(&path, &text).expect("the counters");
    append(&path, TODAY + 1_000, &used(Kind::Get, 1)).expect("an append");
    let counted = read(dir.path()).expect("readable counters");
    assert_eq!(counted.by_day.len(), 3 * DAYS + 1);
    assert_eq!(counted.by_day.keys().next(), Some(&(TODAY + 600, Kind::Get)));
    assert!(fs::metadata(&path).expect("the counters").len() < FOLD * 2 / 3);
}

#[test]
fn processes_at_the_same_time_lose_nothing() {
    let (dir, path) = place();
    let dir = dir.path();
    // So many that one of them has to fold.
    let line = line::write(TODAY, &used(Kind::Run, 1));
    let lines = FOLD / line.len() as u64 - 100;
    fs::create_dir(path.parent().expect("a folder")).expect("the folder");
    fs::write(&path, line.repeat(lines as usize)).expect("the counters");
    // Every thread opens the lock for itself, as a process does.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| record(dir, &used(Kind::Run, 1))));
        }
    });
    assert_eq!(hits(dir), lines + 400);
    assert!(fs::metadata(&path).expect("the counters").len() < FOLD / 2);
}

#[test]
fn a_directory_that_is_gone_is_not_made_again() {
    let (dir, _) = place();
    let gone = dir.path().join("gone");
    record(&gone, &used(Kind::Get, 1));
    assert!(!gone.exists());
    assert_eq!(read(&gone).expect("nothing"), Counted::default());
}
