//! A store as a process, for who measures builds: `test-store FOLDER PREFIX [far [FAULT]]`.
//!
//! A real S3 server keeps the objects of its bucket in FOLDER; with `far` it is at the end of a line
//! with round trips of 50 ms and 200 Mbit/s, and FAULT (`refuse`, `hang`, `crawl`, `cut`) is what goes
//! wrong on that line. The first line of its answer is the store's address; at the end of its input it
//! says how many requests there were, and ends.
//!
//! `test-store flip FOLDER PREFIX TO` copies a store to another prefix, with one bit flipped in each
//! object but the lists.

use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

use test_stores::{Fault, Liar, Line, Proxy, S3Server, s3};

/// How many bytes of an answer come before a connection is cut.
const CUT: u64 = 10_000;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["flip", folder, prefix, to] => flip(&Path::new(folder).join(s3::BUCKET), prefix, to),
        [folder, prefix] => serve(folder, prefix, None),
        [folder, prefix, "far"] => serve(folder, prefix, Some(Fault::None)),
        [folder, prefix, "far", "refuse"] => serve(folder, prefix, Some(Fault::Refuse)),
        [folder, prefix, "far", "hang"] => serve(folder, prefix, Some(Fault::Hang)),
        [folder, prefix, "far", "crawl"] => serve(folder, prefix, Some(Fault::Crawl)),
        [folder, prefix, "far", "cut"] => serve(folder, prefix, Some(Fault::CutAfter(CUT))),
        _ => {
            eprintln!("usage: test-store FOLDER PREFIX [far [refuse|hang|crawl|cut]]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Serves until the end of the input. With a fault, if only [`Fault::None`], it is far away.
fn serve(folder: &str, prefix: &str, fault: Option<Fault>) {
    let server = S3Server::of(Path::new(folder));
    let line = fault.map(|fault| {
        let line = Proxy::start(server.addr(), Line::FAR);
        line.set(fault);
        line
    });
    println!(
        "{}",
        line.as_ref().map_or_else(|| server.uri(prefix), |it| server.uri_by(it, prefix))
    );
    io::copy(&mut io::stdin(), &mut io::sink()).expect("an input that ends");
    println!("{} requests, {} of them GET", server.count(""), server.count("GET "));
}

/// The lists stay right, so that everything they name is fetched.
fn flip(bucket: &Path, prefix: &str, to: &str) {
    let liar = Liar::new(bucket);
    for key in liar.keys(prefix) {
        let mut bytes = liar.read(&key);
        if !key.contains("/larder-v1/l/") {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        liar.replace(&key.replacen(prefix, to, 1), &bytes);
    }
}
