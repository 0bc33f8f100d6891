//! Writers that fail. Nothing of what they wrote is ever seen.

use std::io::{self, Read, Seek, SeekFrom};

use cache_core::{Cache, Error, OutputId, PutOptions, Source};

use super::Process;
use crate::world::{Kind, tool};

impl Process {
    pub(super) fn fail_to_put(&mut self) {
        let action = self.dice.below(self.world.actions.len());
        let (number, cut) = (self.dice.below(4), self.dice.below(2_000_000));
        let way = self.dice.below(4);
        let as_tool = self.dice.one_in(2);
        let bodies = self.world.bodies(action);
        let body = &bodies[number];
        let executable = (body.kind == Kind::Executable && as_tool).then(tool);
        let options = PutOptions { executable, ..PutOptions::default() };
        let id = &self.world.actions[action];
        let (output, size) = (body.output, body.size());
        let cut = cut.min(body.bytes.len());
        let put = match way {
            0 => {
                let mut failing = (&body.bytes[..cut]).chain(Failing);
                self.cache.put(id, Source::Reader(&mut failing), &options)
            }
            // Shorter than promised, by a byte at least.
            1 => {
                let cut = cut.min(body.bytes.len().saturating_sub(1));
                let body = &mut &body.bytes[..cut];
                let size = size.max(1);
                self.cache.put(id, Source::Promised { output, size, body }, &options)
            }
            // Of the right size, and with other bytes.
            2 => {
                let output = OutputId::of(b"what was promised");
                let body = &mut &body.bytes[..];
                self.cache.put(id, Source::Promised { output, size, body }, &options)
            }
            _ => return self.put_what_changes(action),
        };
        match put {
            Err(Error::Source { .. }) if way == 0 => {}
            Err(Error::BrokenPromise(_)) if way > 0 => {}
            put => self.fail(format_args!("a put that has to fail gives {put:?}")),
        }
        self.count("puts that failed");
    }

    /// Puts what is one twin in the first pass and the other in the second. One that is read once,
    /// being small or there already, is put.
    fn put_what_changes(&mut self, action: usize) {
        let bodies = self.world.bodies(action);
        let twins = [&bodies[2].bytes, &bodies[3].bytes];
        let mut changing = Changing { twins, which: 0, at: 0 };
        let source = Source::Seekable(&mut changing);
        match self.cache.put(&self.world.actions[action], source, &PutOptions::default()) {
            Ok(stored) => {
                if self.world.put(action, &stored.entry).is_none() {
                    self.fail(format_args!("a put of what changes gives {stored:?}"));
                }
            }
            Err(Error::ContentChanged { .. }) => self.count("puts whose source changed"),
            Err(e) => self.fail(format_args!("a put of what changes: {e}")),
        }
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the source fails here"))
    }
}

/// Changes whenever it is read from its beginning.
struct Changing<'a> {
    twins: [&'a Vec<u8>; 2],
    which: usize,
    at: usize,
}

impl Read for Changing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = &self.twins[self.which][self.at..];
        let n = rest.read(buffer)?;
        self.at += n;
        Ok(n)
    }
}

impl Seek for Changing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => {
                self.which = 1 - self.which;
                at as usize
            }
            SeekFrom::End(_) => self.twins[self.which].len(),
            SeekFrom::Current(_) => self.at,
        };
        Ok(self.at as u64)
    }
}
