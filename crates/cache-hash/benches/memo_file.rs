//! Times the file-hash memo's form on disk: `memo_file --dir DIR [--files N]`, in DIR, which must
//! not be there yet, with N files.
//!
//! Each figure is the least of some repetitions. Without `--dir` it does nothing: that is how Cargo
//! starts it, with flags and filters of its own, in a test run.

use std::fs::{self, Metadata};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};
use std::{env, thread};

use cache_hash::FileHashMemo;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let value = |option: &str| {
        args.windows(2).find_map(|pair| (pair[0] == option).then_some(pair[1].as_str()))
    };
    let Some(dir) = value("--dir") else {
        eprintln!("memo_file: nothing to do without --dir");
        return ExitCode::SUCCESS;
    };
    let Ok(files) = value("--files").unwrap_or("10000").parse() else {
        eprintln!("usage: memo_file --dir DIR [--files N]");
        return ExitCode::from(2);
    };
    match bench(Path::new(dir), files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memo_file: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(dir: &Path, count: usize) -> Result<()> {
    let files = make_files(dir, count)?;
    let memo = dir.join("memo");
    // As if an hour had gone by, so that nothing is too recent to be remembered.
    let open =
        || FileHashMemo::open(&memo).with_clock(|| SystemTime::now() + Duration::from_secs(3600));

    let learning = open();
    for (path, _) in &files {
        learning.hash(path)?;
    }
    let start = Instant::now();
    learning.save()?;
    show(&format!("save {count} into a new file"), start.elapsed());
    println!("{:>12} bytes: the file", fs::metadata(&memo)?.len());

    row(&format!("open, recall {count}"), || recall(&open(), &files))?;
    row("open, recall 1", || recall(&open(), &files[..1]))?;
    row("open, recall 1, save nothing", || {
        let memo = open();
        recall(&memo, &files[..1])?;
        Ok(memo.save()?)
    })?;
    row(&format!("open, recall {count} on 4 threads"), || {
        let memo = open();
        thread::scope(|scope| {
            for part in files.chunks(count.div_ceil(4)) {
                let memo = &memo;
                scope.spawn(move || recall(memo, part).is_ok());
            }
        });
        Ok(())
    })?;
    let (path, _) = &files[count / 2];
    let mut turn = 0;
    row("open, hash and save 1 that changed", || {
        turn += 1;
        fs::write(path, format!("changed {turn}"))?;
        let memo = open();
        memo.hash(path)?;
        Ok(memo.save()?)
    })
}

fn make_files(dir: &Path, count: usize) -> Result<Vec<(PathBuf, Metadata)>> {
    fs::create_dir(dir)?;
    let mut files = Vec::new();
    for n in 0..count {
        let folder = dir.join(format!("package-{}/src", n / 50));
        if n % 50 == 0 {
            fs::create_dir_all(&folder)?;
        }
        let path = folder.join(format!("module_{n}.c"));
        fs::write(&path, format!("content {n}"))?;
        let metadata = fs::metadata(&path)?;
        files.push((path, metadata));
    }
    Ok(files)
}

fn recall(memo: &FileHashMemo, files: &[(PathBuf, Metadata)]) -> Result<()> {
    for (path, metadata) in files {
        black_box(memo.recall(path, metadata)).ok_or("a file is not remembered")?;
    }
    Ok(())
}

fn row(name: &str, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let mut least = Duration::MAX;
    for _ in 0..50 {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed());
    }
    show(name, least);
    Ok(())
}

fn show(name: &str, took: Duration) {
    println!("{:>9.1} us  {name}", took.as_nanos() as f64 / 1000.0);
}
