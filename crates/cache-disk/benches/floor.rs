//! Times the bare work: `floor --dir DIR [--entries N]`, the same rows as the caches.
//!
//! It is no cache. Each row makes the system calls and the SHA-256 that a cache which keeps the
//! promises of this one cannot do without, on the same names in the same folders, and checks and
//! reports nothing. What a cache costs over this is its own.
//!
//! `floor --dir DIR --walk` looks at every file of a directory, and `--hash` reads and hashes each;
//! `floor --sha256 BYTES` hashes so many bytes of memory.

#[cfg(unix)]
mod bare;
#[cfg(unix)]
mod work;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--dir", dir, "--walk"] => bare::walk(dir.as_ref()),
        ["--dir", dir, "--hash"] => bare::hash(dir.as_ref()),
        ["--sha256", bytes] => bare::sha256(bytes),
        _ => return work::main::<bare::Bare>(),
    };
    if let Err(error) = done {
        eprintln!("floor: {error}");
        return std::process::ExitCode::FAILURE;
    }
    std::process::ExitCode::SUCCESS
}

/// Made of calls that only Unix has.
#[cfg(not(unix))]
fn main() {}
