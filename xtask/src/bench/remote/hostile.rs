//! Stores that do a build harm.

use anyhow::Result;
use test_stores::{Fault, Line, Proxy, S3Server};

use super::machine::Machine;
use super::{PREFIX, filled};
use crate::bench::rounds::Measured;

/// What is built: a third of the standard library.
const PACKAGE: &str = "net/http";

/// Where the results are of which a bit is flipped.
const FLIPPED: &str = "flipped";

const ROWS: &[(&str, Harm)] = &[
    ("hostile-refuse", Harm::Line(Fault::Refuse)),
    ("hostile-hang", Harm::Line(Fault::Hang)),
    ("hostile-crawl", Harm::Line(Fault::Crawl)),
    ("hostile-cut", Harm::Line(Fault::CutAfter(10_000))),
    ("hostile-flip", Harm::Flip),
];

enum Harm {
    /// Of the network.
    Line(Fault),
    /// Of what is stored.
    Flip,
}

/// A store that has what the package needs, and can be made hostile.
pub(super) struct Stores(S3Server);

impl Stores {
    pub(super) fn new(machine: &Machine) -> Result<Self> {
        Ok(Self(filled(machine, PACKAGE)?))
    }

    /// Builds with each, and gives each measurement with the one beside it.
    pub(super) fn round(
        &self,
        machine: &Machine,
        mut insert: impl FnMut(&str, Measured, Measured),
    ) -> Result<()> {
        let beside = machine.build("no store", PACKAGE, Some(&[]))?.end()?;
        for (row, harm) in ROWS {
            let proxy = Proxy::start(self.0.addr(), Line::FAR);
            let prefix = match harm {
                Harm::Line(fault) => {
                    proxy.set(*fault);
                    PREFIX
                }
                Harm::Flip => {
                    self.flip();
                    FLIPPED
                }
            };
            let uri = self.0.uri_by(&proxy, prefix);
            let built = machine.build(row, PACKAGE, Some(&[("LARDER_REMOTE", &uri)]))?;
            // Else the helper would go on with its uploads for a minute.
            drop(proxy);
            insert(row, beside, built.end()?);
        }
        Ok(())
    }

    /// Makes a copy of the store with a bit flipped in the middle of each object but the list, which
    /// is right, so that everything it names is fetched.
    fn flip(&self) {
        let liar = self.0.liar();
        for key in liar.keys(PREFIX) {
            let mut bytes = liar.read(&key);
            if !key.contains("/larder-v1/l/") {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            liar.replace(&key.replacen(PREFIX, FLIPPED, 1), &bytes);
        }
    }
}
