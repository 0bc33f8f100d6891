//! A helper that serves a directory, and fails as its arguments say.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs};

use cache_core::{
    ActionId, Cache, Error, Lookup, OutputFile, OutputId, PutOptions, Result, Source, Stored,
};
use cache_disk::DiskCache;
use cache_prog_server::{Options, serve};

/// Its exit status when it fails on purpose.
const STATUS: i32 = 9;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (dir, fails) = match *arguments {
        ["serves", dir] => (dir, Fails::Never),
        ["dies-in-get", number, dir] => (dir, Fails::InGet(number.parse().expect("a number"))),
        ["dies-in-put", number, dir] => (dir, Fails::InPut(number.parse().expect("a number"))),
        ["refuses", dir] => (dir, Fails::Always),
        // Says what it can do, and is gone.
        ["leaves"] => {
            println!(r#"{{"ID":0,"KnownCommands":["get","put","close"]}}"#);
            exit(STATUS);
        }
        ["exits"] => exit(STATUS),
        ["says-variable", name, file] => {
            fs::write(file, env::var(name).unwrap_or_default()).expect("a file");
            exit(STATUS);
        }
        _ => panic!("no such script: {arguments:?}"),
    };
    let pid = PathBuf::from(dir).with_extension("pid");
    fs::write(&pid, std::process::id().to_string()).expect("a file for the process number");
    let cache = Failing {
        cache: DiskCache::open(dir).expect("a directory"),
        fails,
        gets: AtomicU64::new(0),
        puts: AtomicU64::new(0),
    };
    let served = serve(Arc::new(cache), io::stdin(), io::stdout(), &Options::default());
    served.expect("a client that behaves");
}

enum Fails {
    Never,
    /// In this lookup, counted from 1, it exits instead of answering.
    InGet(u64),
    /// In this put, counted from 1, it exits when it has read a part of the body.
    InPut(u64),
    /// It answers every put with an error.
    Always,
}

struct Failing {
    cache: DiskCache,
    fails: Fails,
    gets: AtomicU64,
    puts: AtomicU64,
}

impl Cache for Failing {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        let number = 1 + self.gets.fetch_add(1, Ordering::Relaxed);
        if matches!(self.fails, Fails::InGet(last) if last == number) {
            leave();
        }
        self.cache.get(action)
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let number = 1 + self.puts.fetch_add(1, Ordering::Relaxed);
        if matches!(self.fails, Fails::Always) {
            return Err(Error::Unsupported("store anything today"));
        }
        if matches!(self.fails, Fails::InPut(last) if last == number) {
            if let Source::Promised { body, .. } = source {
                body.read_exact(&mut [0; 10]).expect("a body");
            }
            leave();
        }
        self.cache.put(action, source, options)
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        self.cache.output_file(output)
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.cache.fuzz_dir()
    }

    fn close(&self) -> Result<()> {
        self.cache.close()
    }
}

/// At once, as a process does that is killed.
fn leave() -> ! {
    io::stderr().flush().ok();
    exit(STATUS);
}
