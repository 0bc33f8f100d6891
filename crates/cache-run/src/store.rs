//! Storing a result: its files first, its record last.

use std::fs::File;
use std::io;

use cache_core::{ActionId, Cache, CacheExt, PutOptions, Source};
use cache_hash::KeySpace;
use tempfile::SpooledData;

use crate::capture::Kept;
use crate::outcome::NotStored;
use crate::outputs::{OutputProblem, Product, ProductKind, Products};
use crate::record::{Bytes, Kind, Output, Record, subkey_of_output, subkey_of_stream};

/// Where results are kept, and under which key this one is.
pub(crate) struct Shelf<'a> {
    pub(crate) cache: &'a dyn Cache,
    pub(crate) keys: &'a KeySpace,
    pub(crate) key: ActionId,
}

impl Shelf<'_> {
    /// Puts the files of a result; returns what its record says of them.
    pub(crate) fn put_outputs(&self, products: &Products) -> Result<Vec<Output>, NotStored> {
        let mut outputs = Vec::with_capacity(products.there.len());
        for (name, Product { path, is }) in &products.there {
            let is = match is {
                ProductKind::Folder { mode } => Kind::Folder { mode: *mode },
                ProductKind::Link { to } => Kind::Link { to: to.clone() },
                ProductKind::File { mode, .. } => {
                    let file = File::open(path).map_err(|source| {
                        let path = path.clone();
                        NotStored::Output(OutputProblem::Io { operation: "open", path, source })
                    })?;
                    let action = subkey_of_output(self.keys, &self.key, name);
                    let stored =
                        self.cache.put(&action, Source::File(&file), &PutOptions::default())?;
                    Kind::File { mode: *mode, bytes: stored.entry.into() }
                }
            };
            outputs.push(Output { name: name.clone(), is });
        }
        products.are_still_there()?;
        Ok(outputs)
    }

    /// Puts what came on stdout and stderr. They are not compared with what is stored, as outputs
    /// are in a cache in verify mode: a command may well tell how long it took.
    pub(crate) fn put_streams(
        &self,
        [stdout, stderr]: [io::Result<SpooledData>; 2],
    ) -> Result<[Bytes; 2], NotStored> {
        let put = |stream: usize, kept: io::Result<SpooledData>| -> Result<Bytes, NotStored> {
            let kept = kept.map_err(NotStored::Capture)?;
            let source = match Kept::from(&kept) {
                // Nothing to look up later.
                Kept::Memory([]) => return Ok(Bytes::none()),
                Kept::Memory(bytes) => Source::Bytes(bytes),
                Kept::File(file) => Source::File(file),
            };
            let action = subkey_of_stream(self.keys, &self.key, stream);
            Ok(self.cache.put_without_verify(&action, source)?.entry.into())
        };
        Ok([put(0, stdout)?, put(1, stderr)?])
    }

    /// Puts the record, with which the result is there.
    pub(crate) fn put_record(&self, record: &Record) -> Result<(), NotStored> {
        let bytes = record.to_bytes().map_err(|e| NotStored::Capture(e.into()))?;
        self.cache.put_without_verify(&self.key, Source::Bytes(&bytes))?;
        Ok(())
    }
}
