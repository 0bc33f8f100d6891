//! What was measured, round by round, and what the middle of it is.

use std::collections::HashMap;

use anyhow::{Result, bail};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Nanoseconds,
    Bytes,
}

/// One measurement.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) value: f64,
    pub(super) unit: Unit,
    /// Megabytes a second; 0: not a transfer.
    pub(super) mb: f64,
}

impl Measured {
    pub(super) fn seconds(seconds: f64) -> Measured {
        Measured { value: seconds * 1e9, unit: Unit::Nanoseconds, mb: 0.0 }
    }

    pub(super) fn bytes(bytes: u64) -> Measured {
        Measured { value: bytes as f64, unit: Unit::Bytes, mb: 0.0 }
    }

    /// The same time, as that of so many bytes.
    pub(super) fn of_transfer(self, bytes: u64) -> Measured {
        Measured { mb: bytes as f64 * 1e3 / self.value, ..self }
    }
}

/// The measurements of one column, by row, and the rows in the order in which they came.
#[derive(Default)]
pub(super) struct Rounds {
    names: Vec<String>,
    measured: HashMap<String, Vec<Measured>>,
}

/// All measurements of one row, smallest first.
#[derive(Clone)]
pub(super) struct Spread(Vec<Measured>);

impl Rounds {
    /// Adds the rows that one run printed: `NAME NS ns/op MB MB/s`.
    pub(super) fn add(&mut self, output: &str) -> Result<()> {
        for line in output.lines() {
            let [name, ns, "ns/op", mb, "MB/s"] = *line.split_whitespace().collect::<Vec<_>>()
            else {
                bail!("not a row: {line:?}");
            };
            let row = Measured { value: ns.parse()?, unit: Unit::Nanoseconds, mb: mb.parse()? };
            self.insert(name, row);
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, name: &str, row: Measured) {
        if !self.measured.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.measured.entry(name.to_owned()).or_default().push(row);
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// `None`: nothing was measured under that name.
    pub(super) fn spread(&self, name: &str) -> Option<Spread> {
        let mut rows = self.measured.get(name)?.clone();
        rows.sort_by(|a, b| a.value.total_cmp(&b.value));
        Some(Spread(rows))
    }
}

impl Spread {
    /// The measurement in the middle; there is at least one.
    pub(super) fn median(&self) -> Measured {
        self.0[self.0.len() / 2]
    }

    /// The first and the third quartile.
    pub(super) fn quartiles(&self) -> (f64, f64) {
        let last = self.0.len() - 1;
        (self.0[last / 4].value, self.0[last - last / 4].value)
    }

    /// Every measurement, smallest first.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|measured| measured.value)
    }
}
