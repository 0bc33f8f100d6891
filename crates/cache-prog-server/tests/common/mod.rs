//! A helper in this process, and the other side of its pipes.

#![allow(dead_code, reason = "every test file uses its part of it")]

use std::fs;
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cache_core::{
    ActionId, Cache, Lookup, OutputFile, OutputId, PutOptions, Result, Source, Stored,
};
use cache_disk::DiskCache;
use cache_prog_server::{Options, ServeError, Tally, serve};
use cache_prog_wire::{Request, RequestWriter, Response, ResponseReader};
use tempfile::TempDir;

/// Turns a hang into a failure; nothing takes nearly as long.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A helper that runs, and the client's ends of its pipes.
pub struct Served {
    pub requests: PipeWriter,
    replies: Receiver<Response>,
    reading: JoinHandle<()>,
    ended: Receiver<Result<Tally, ServeError>>,
}

impl Served {
    pub fn start(cache: Arc<dyn Cache>) -> Self {
        Self::with(cache, &Options::default())
    }

    /// Starts a helper and takes its first message.
    pub fn with(cache: Arc<dyn Cache>, options: &Options) -> Self {
        let (served, replies) = Self::without_reader(cache, options);
        let (sender, receiver) = channel();
        let reading = thread::spawn(move || {
            let mut replies = ResponseReader::new(replies);
            while let Some(response) = replies.next().expect("a response") {
                if sender.send(response).is_err() {
                    break;
                }
            }
        });
        let served = Self { replies: receiver, reading, ..served };
        assert_eq!(served.reply().known_commands.len(), 3);
        served
    }

    /// Starts a helper whose output nobody reads until the caller does.
    pub fn without_reader(cache: Arc<dyn Cache>, options: &Options) -> (Self, PipeReader) {
        let (their_stdin, requests) = pipe().expect("a pipe");
        let (replies, their_stdout) = pipe().expect("a pipe");
        let (end, ended) = channel();
        let options = options.clone();
        thread::spawn(move || end.send(serve(cache, their_stdin, their_stdout, &options)));
        let (_, none) = channel();
        let served = Self { requests, replies: none, reading: thread::spawn(|| {}), ended };
        (served, replies)
    }

    pub fn send(&mut self, request: &Request) {
        RequestWriter::new(&mut self.requests).request(request).expect("a request sent");
    }

    pub fn send_put(&mut self, request: &Request, body: &[u8]) {
        let mut writer = RequestWriter::new(&mut self.requests);
        let mut sent = writer.put(request).expect("a request sent");
        sent.write(body).expect("a body sent");
        sent.finish().expect("a body sent");
    }

    /// Sends text as it is.
    pub fn send_text(&mut self, text: &str) {
        self.requests.write_all(text.as_bytes()).expect("text sent");
    }

    pub fn reply(&self) -> Response {
        self.replies.recv_timeout(DEADLINE).expect("a reply in time")
    }

    /// Asks, and takes the answer, where no other one is due.
    pub fn ask(&mut self, request: &Request) -> Response {
        self.send(request);
        let reply = self.reply();
        assert_eq!(reply.id, request.id);
        reply
    }

    pub fn ask_put(&mut self, request: &Request, body: &[u8]) -> Response {
        self.send_put(request, body);
        let reply = self.reply();
        assert_eq!(reply.id, request.id);
        reply
    }

    /// Ends the input, and returns what is left of the output and how it ended.
    pub fn finish(self) -> (Vec<Response>, Result<Tally, ServeError>) {
        drop(self.requests);
        let end = self.ended.recv_timeout(DEADLINE).expect("an end in time");
        self.reading.join().expect("well-formed responses to the end");
        (self.replies.into_iter().collect(), end)
    }

    /// How it ended, with the input still open.
    pub fn end(&self) -> Result<Tally, ServeError> {
        self.ended.recv_timeout(DEADLINE).expect("an end in time")
    }

    /// Ends the input; there must be no more answers.
    pub fn tally(self) -> Tally {
        let (left, ended) = self.finish();
        assert_eq!(left, []);
        ended.expect("a clean end")
    }
}

/// An action of its own for each number.
pub fn action(number: u8) -> ActionId {
    ActionId::from_bytes([number; 32])
}

/// Bytes that no compression or sparse file makes small.
pub fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(size)
    .collect()
}

/// A put of `body` that promises the truth.
pub fn put(id: i64, action: &ActionId, body: &[u8]) -> Request {
    let size = i64::try_from(body.len()).expect("a size");
    Request::put(id, action, &OutputId::of(body), size)
}

/// A directory, and a cache in it.
pub fn disk() -> (TempDir, Arc<DiskCache>) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let cache = DiskCache::open(dir.path()).expect("a cache");
    (dir, Arc::new(cache))
}

type OnGet = dyn Fn(&ActionId) -> Option<Result<Lookup>> + Send + Sync;
type OnFile = dyn Fn(OutputFile) -> OutputFile + Send + Sync;

/// A cache in a directory that answers some lookups otherwise.
pub struct Odd {
    pub disk: Arc<DiskCache>,
    pub on_get: Box<OnGet>,
    pub on_file: Box<OnFile>,
}

impl Odd {
    pub fn new(disk: &Arc<DiskCache>) -> Self {
        Self { disk: disk.clone(), on_get: Box::new(|_| None), on_file: Box::new(|file| file) }
    }
}

impl Cache for Odd {
    fn get(&self, action: &ActionId) -> Result<Lookup> {
        (self.on_get)(action).unwrap_or_else(|| self.disk.get(action))
    }

    fn put(&self, action: &ActionId, source: Source<'_>, options: &PutOptions) -> Result<Stored> {
        let stored = self.disk.put(action, source, options)?;
        Ok(Stored { file: stored.file.map(&self.on_file), ..stored })
    }

    fn output_file(&self, output: &OutputId) -> Result<Option<OutputFile>> {
        Ok(self.disk.output_file(output)?.map(&self.on_file))
    }

    fn fuzz_dir(&self) -> PathBuf {
        self.disk.fuzz_dir()
    }

    fn close(&self) -> Result<()> {
        self.disk.close()
    }
}

/// The most memory that this process has had at once, in bytes, without the code that is mapped.
#[cfg(target_os = "linux")]
pub fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("its status");
    let bytes = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        value.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    };
    bytes("VmHWM:").saturating_sub(bytes("RssFile:"))
}

/// Nobody tells.
#[cfg(not(target_os = "linux"))]
pub fn peak_memory() -> u64 {
    0
}
