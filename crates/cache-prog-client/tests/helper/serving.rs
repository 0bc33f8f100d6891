//! A helper as it should be, over a directory.

use std::fs::File;
use std::io::{self, Read, Write};

use cache_core::{Cache, CacheExt, Check, Lookup, PutOptions, Source};
use cache_disk::DiskCache;
use cache_prog_wire::{Command, Request, RequestReader, Response};

use crate::{answer, declare_these};

pub(crate) fn serve(dir: &str, commands: &str, record: Option<&str>) {
    let cache = DiskCache::open(dir).unwrap();
    declare_these(commands.split(',').map(|name| Command::from(name.to_owned())).collect());
    let record = record.map(|path| File::options().append(true).create(true).open(path).unwrap());
    let mut reader = RequestReader::new(Recorded { inner: io::stdin(), record });
    while let Some(request) = reader.next().unwrap() {
        let result = match &request.command {
            Command::Get => get(&cache, &request),
            Command::Put => put(&cache, &request, &mut reader.body()),
            _ => cache.close().map(|()| Response::default()),
        };
        let response =
            result.unwrap_or_else(|e| Response { error: e.to_string(), ..Response::default() });
        answer(&Response { id: request.id, ..response });
        if request.command == Command::Close {
            return;
        }
    }
}

fn get(cache: &DiskCache, request: &Request) -> cache_core::Result<Response> {
    let action = request.action_id().unwrap();
    Ok(match cache.get_file(&action, Check::Size)? {
        Lookup::Miss(_) => Response { miss: true, ..Response::default() },
        Lookup::Hit((entry, path)) => Response {
            output: Some(entry.output.as_bytes().to_vec()),
            size: entry.size.try_into().unwrap(),
            time: Some(entry.time),
            disk_path: Some(path),
            ..Response::default()
        },
    })
}

fn put(
    cache: &DiskCache,
    request: &Request,
    body: &mut (dyn Read + Send),
) -> cache_core::Result<Response> {
    let action = request.action_id().unwrap();
    let source = Source::Promised {
        output: request.output_id().unwrap(),
        size: request.body_size.try_into().unwrap(),
        body,
    };
    let stored = cache.put(&action, source, &PutOptions::default())?;
    Ok(Response {
        time: Some(stored.entry.time),
        disk_path: stored.file.map(|file| file.path),
        ..Response::default()
    })
}

/// A reader that keeps what it reads.
struct Recorded<R> {
    inner: R,
    record: Option<File>,
}

impl<R: Read> Read for Recorded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if let Some(record) = &mut self.record {
            record.write_all(&buffer[..n])?;
        }
        Ok(n)
    }
}
