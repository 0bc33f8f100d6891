//! One table: rows, a column for everything that is measured, Larder's the second.

use super::rounds::{Rounds, Spread, Unit};
use super::wanted::{AtMost, ahead_of, at_most};

pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What is set beside what, for the page.
    pub(super) about: &'static str,
    /// What Larder is set beside, Larder, and more.
    pub(super) columns: Vec<&'static str>,
    /// How many of them the plots show; the others measure something else.
    pub(super) plotted: usize,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) name: String,
    /// In the order of the columns; `None`: it has no such row.
    pub(super) cells: Vec<Option<Spread>>,
    pub(super) at_most: Option<AtMost>,
    /// The column that it is to be ahead of.
    ahead_of: Option<usize>,
}

/// The columns with which the ratio is made.
const BESIDE: usize = 0;
pub(super) const LARDER: usize = 1;

impl Table {
    /// The rows are Larder's.
    pub(super) fn of(
        name: &'static str,
        title: &'static str,
        about: &'static str,
        columns: &[(&'static str, &Rounds)],
    ) -> Table {
        let ours = columns.get(LARDER).map_or(&[][..], |(_, rounds)| rounds.names());
        let ahead_of = columns.iter().position(|(column, _)| Some(*column) == ahead_of(name));
        let row = |row: &String| Row {
            name: row.clone(),
            cells: columns.iter().map(|(_, rounds)| rounds.spread(row)).collect(),
            at_most: at_most(name, row),
            ahead_of,
        };
        let rows = ours.iter().map(row).collect();
        let columns: Vec<_> = columns.iter().map(|(column, _)| *column).collect();
        Table { name, title, about, plotted: columns.len(), columns, rows }
    }

    /// The same table, of whose columns only the first ones are plotted.
    pub(super) fn plotting(self, columns: usize) -> Table {
        Table { plotted: columns, ..self }
    }

    /// What stands in each cell, the heads first.
    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let transfers = self.rows.iter().any(|row| row.speed(LARDER).is_some());
        let mut heads = vec!["row".to_owned()];
        heads.extend(self.columns.iter().map(|column| (*column).to_owned()));
        heads.extend(["ratio".to_owned(), "asked".to_owned()]);
        heads.extend(transfers.then(|| "Larder MB/s".to_owned()));
        let mut lines = vec![heads];
        for row in &self.rows {
            let mut line = vec![row.name.clone()];
            line.extend(row.cells.iter().map(|cell| cell.as_ref().map(show).unwrap_or_default()));
            line.push(row.ratio().map(digits).unwrap_or_default());
            line.push(row.verdict());
            if transfers {
                line.push(row.speed(LARDER).map(|mb| format!("{mb:.0}")).unwrap_or_default());
            }
            lines.push(line);
        }
        lines
    }

    /// The table as text, in columns.
    pub(super) fn text(&self) -> String {
        let lines = self.cells();
        let mut text = format!("{}: {}\n", self.name, self.title);
        for line in &lines {
            for (i, cell) in line.iter().enumerate() {
                let widest = lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
                let gap = " ".repeat(widest - cell.chars().count());
                text += &if i == 0 { format!("{cell}{gap}") } else { format!("  {gap}{cell}") };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// The table as Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        for (i, line) in self.cells().iter().enumerate() {
            text += &format!("| {} |\n", line.join(" | "));
            if i == 0 {
                text += &format!("| --- |{}\n", " ---: |".repeat(line.len() - 1));
            }
        }
        text
    }
}

impl Row {
    /// How many times what Larder is set beside it costs, by the medians.
    pub(super) fn ratio(&self) -> Option<f64> {
        Some(self.median(LARDER)? / self.median(BESIDE)?)
    }

    pub(super) fn median(&self, column: usize) -> Option<f64> {
        Some(self.cells.get(column)?.as_ref()?.median().value)
    }

    /// Megabytes a second; `None`: not a transfer.
    pub(super) fn speed(&self, column: usize) -> Option<f64> {
        let mb = self.cells.get(column)?.as_ref()?.median().mb;
        (mb > 0.0).then_some(mb)
    }

    pub(super) fn unit(&self) -> Option<Unit> {
        Some(self.cells.get(LARDER)?.as_ref()?.median().unit)
    }

    /// Whether it costs more than is asked; `None`: nothing is asked.
    pub(super) fn is_over(&self) -> Option<bool> {
        Some(match self.at_most? {
            AtMost::Ratio(at_most) => self.ratio()? > at_most,
            AtMost::SecondsMore(at_most) => {
                self.median(LARDER)? > self.median(BESIDE)? + at_most * 1e9
            }
            AtMost::Bytes(at_most) => self.median(LARDER)? > at_most as f64,
        })
    }

    /// Whether it is behind what it is to be ahead of.
    pub(super) fn is_behind(&self) -> bool {
        let other = self.ahead_of.and_then(|column| self.median(column));
        self.median(LARDER) > other.or(Some(f64::INFINITY))
    }

    fn verdict(&self) -> String {
        let asked = match self.at_most {
            Some(AtMost::Ratio(ratio)) => format!("{ratio:.2}"),
            Some(AtMost::SecondsMore(seconds)) => {
                format!("{} more", number(seconds * 1e9, Unit::Nanoseconds))
            }
            Some(AtMost::Bytes(bytes)) => number(bytes as f64, Unit::Bytes),
            None => String::new(),
        };
        let missed = (self.is_over() == Some(true)).then_some("MISSED");
        let behind = self.is_behind().then_some("BEHIND");
        let parts = [Some(asked.as_str()), missed, behind];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The median and the quartiles, in the median's unit.
fn show(spread: &Spread) -> String {
    let (median, (first, third)) = (spread.median(), spread.quartiles());
    let (_, divisor) = scale(median.value, median.unit);
    let short = |value: f64| digits(value / divisor);
    if spread.values().count() == 1
        || (short(first), short(third)) == (short(median.value), short(median.value))
    {
        return number(median.value, median.unit);
    }
    format!("{} ({}–{})", number(median.value, median.unit), short(first), short(third))
}

/// A number with its unit, as a person reads it.
pub(super) fn number(value: f64, unit: Unit) -> String {
    let (name, divisor) = scale(value, unit);
    format!("{} {name}", digits(value / divisor))
}

fn scale(value: f64, unit: Unit) -> (&'static str, f64) {
    let scales: &[(&str, f64)] = match unit {
        Unit::Nanoseconds => &[("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)],
        Unit::Bytes => &[("MiB", 1048576.0), ("KiB", 1024.0), ("B", 1.0)],
    };
    let fitting = scales.iter().find(|(_, divisor)| value >= *divisor);
    *fitting.unwrap_or(&scales[scales.len() - 1])
}

/// A number as short as its size allows.
pub(super) fn digits(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
