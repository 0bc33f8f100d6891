//! Stores and reads with the store of this crate, or lets the go command do so:
//!
//! `own-store FOLDER put KEY FILE|-`, `own-store FOLDER get KEY`, `own-store FOLDER serve`

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cache_core::{ActionId, Cache, CacheExt, Check, Lookup, PutOptions, Source};
use cache_hash::KeySpace;
use cache_prog_server::{Options, serve};
use own_store::SqliteCache;

fn main() -> Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let Some((folder, command)) = args.split_first() else { bail!(USAGE) };
    let open = || SqliteCache::open(folder).with_context(|| format!("cannot open {folder}"));
    match command {
        ["put", key, file] => put(&open()?, &action_of(key)?, file),
        ["get", key] => get(&open()?, &action_of(key)?),
        ["serve"] => {
            serve(Arc::new(open()?), io::stdin(), io::stdout(), &Options::default())?;
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!(USAGE),
    }
}

const USAGE: &str =
    "usage: own-store FOLDER put KEY FILE|-, own-store FOLDER get KEY, or own-store FOLDER serve";

/// A real tool hashes everything that its result depends on.
fn action_of(key: &str) -> io::Result<ActionId> {
    let mut hash = KeySpace::new("own-store").hash("example");
    hash.write_all(key.as_bytes())?;
    Ok(hash.sum())
}

fn put(cache: &dyn Cache, action: &ActionId, file: &str) -> Result<ExitCode> {
    let stored = match file {
        "-" => cache.put(action, Source::Reader(&mut io::stdin()), &PutOptions::default()),
        path => cache.put_file(action, &File::open(path).with_context(|| path.to_owned())?),
    }?;
    println!("{} {}", stored.entry.output, stored.entry.size);
    cache.close()?;
    Ok(ExitCode::SUCCESS)
}

fn get(cache: &dyn Cache, action: &ActionId) -> Result<ExitCode> {
    let code = match cache.open(action, Check::Checksum)? {
        Lookup::Hit((_entry, mut output)) => {
            io::copy(&mut output, &mut io::stdout().lock())?;
            ExitCode::SUCCESS
        }
        Lookup::Miss(reason) => {
            eprintln!("a miss: {reason}");
            ExitCode::FAILURE
        }
    };
    cache.close()?;
    Ok(code)
}
