//! Every kind of source.

use std::io::{Cursor, Seek, SeekFrom};

use cache_core::{CacheExt, PutOptions, Source};

use super::SIZES;
use crate::Factory;
use crate::source::{self, KINDS, Trickle};
use crate::trial::Trial;

/// Bytes, a file, a seekable reader, a reader and a promised body come to the same, when the output
/// is new and when it is there.
pub fn every_kind_of_source_stores_the_same(factory: Factory<'_>) {
    let trial = Trial::new("every_kind_of_source_stores_the_same", factory);
    for size in SIZES {
        for kind in KINDS {
            let body = trial.body(size);
            let (new, present) = (trial.action(), trial.action());
            for action in [&new, &present] {
                let put = source::with(kind, &body, |source| {
                    trial.cache().put(action, source, &PutOptions::default())
                });
                let operation = format!("a put of {size} bytes through {kind:?}");
                trial.names(action, &trial.must(action, &operation, put).entry, &body);
                trial.gives(action, &body);
            }
        }
    }
}

/// A file's position does not matter to a put.
pub fn a_file_is_taken_from_its_beginning(factory: Factory<'_>) {
    let trial = Trial::new("a_file_is_taken_from_its_beginning", factory);
    for size in SIZES {
        let body = trial.body(size);
        let mut file = source::file(&body);
        for position in [size as u64, size as u64 / 2, 0] {
            let action = trial.action();
            if let Err(e) = file.seek(SeekFrom::Start(position)) {
                trial.fail(&action, format_args!("cannot seek in a temporary file: {e}"));
            }
            trial.must(&action, "put_file", trial.cache().put_file(&action, &file));
            trial.gives(&action, &body);
        }
    }
}

/// Nor does that of a seekable source.
pub fn a_seekable_source_is_taken_from_its_beginning(factory: Factory<'_>) {
    let trial = Trial::new("a_seekable_source_is_taken_from_its_beginning", factory);
    for size in SIZES {
        let body = trial.body(size);
        for position in [size as u64, size as u64 / 2, 0] {
            let action = trial.action();
            let mut source = Cursor::new(&body);
            source.set_position(position);
            trial.put_with(&action, Source::Seekable(&mut source), &PutOptions::default());
            trial.gives(&action, &body);
        }
    }
}

/// A reader, which cannot go back, gives what is left of it.
pub fn a_reader_is_taken_from_where_it_stands(factory: Factory<'_>) {
    let trial = Trial::new("a_reader_is_taken_from_where_it_stands", factory);
    for size in SIZES {
        let body = trial.body(size);
        for position in [size, size / 2] {
            let rest = &body[position..];
            let at_position = || {
                let mut reader = Cursor::new(&body);
                reader.set_position(position as u64);
                Trickle::new(reader)
            };
            let (read, promised) = (trial.action(), trial.action());
            let options = PutOptions::default();
            trial.put_with(&read, Source::Reader(&mut at_position()), &options);
            trial.put_with(&promised, source::promise(rest, &mut at_position()), &options);
            trial.gives(&read, rest);
            trial.gives(&promised, rest);
        }
    }
}
