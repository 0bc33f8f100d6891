//! The plots of the page: marks on a logarithmic axis, one line for each row.

mod drawing;

pub(super) use drawing::draw;

use super::rounds::Unit;
use super::table::{LARDER, Row, Table};
use super::wanted::AtMost;

/// One plot.
pub(super) struct Plot {
    /// What its file is called after the table.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What the axis counts.
    axis: String,
    /// Where it begins at the earliest.
    least: f64,
    series: Vec<Series>,
    lines: Vec<Line>,
}

struct Series {
    name: &'static str,
    mark: Mark,
}

struct Line {
    name: String,
    /// One for each series.
    values: Vec<Option<f64>>,
}

#[derive(Clone, Copy)]
enum Mark {
    /// What the ratios are to.
    Bar,
    Dot,
    Triangle,
    Cross,
    /// The most that is asked.
    Limit,
}

const MARKS: [Mark; 4] = [Mark::Bar, Mark::Dot, Mark::Triangle, Mark::Cross];

impl Plot {
    /// The times of a table as ratios, and the speeds of its transfers, where there are several.
    pub(super) fn all_of(table: &Table) -> Vec<Plot> {
        [Plot::of_times(table), Plot::of_speeds(table)]
            .into_iter()
            .filter(|plot| plot.lines.len() > 1)
            .collect()
    }

    fn of_times(table: &Table) -> Plot {
        let timed = table.rows.iter().filter(|row| row.unit() == Some(Unit::Nanoseconds));
        let line = |row: &Row| {
            let beside = row.median(0)?;
            let ratio = |column| row.median(column).map(|value| value / beside);
            let mut values: Vec<_> = (0..table.plotted).map(ratio).collect();
            values.push(match row.at_most {
                Some(AtMost::Ratio(ratio)) => Some(ratio),
                _ => None,
            });
            Some(Line { name: row.name.clone(), values })
        };
        let mut series = series(table);
        if table.rows.iter().any(|row| matches!(row.at_most, Some(AtMost::Ratio(_)))) {
            series.push(Series { name: "asked", mark: Mark::Limit });
        }
        Plot {
            name: "time",
            title: format!("Time: {}", table.title),
            axis: format!("times what {} takes; less is better", table.columns[0]),
            least: 0.1,
            series,
            lines: timed.filter_map(line).collect(),
        }
    }

    fn of_speeds(table: &Table) -> Plot {
        let transfers = table.rows.iter().filter(|row| row.speed(LARDER).is_some());
        let line = |row: &Row| Line {
            name: row.name.clone(),
            values: (0..table.plotted).map(|column| row.speed(column)).collect(),
        };
        Plot {
            name: "speed",
            title: format!("Speed: {}", table.title),
            axis: "megabytes a second; more is better".to_owned(),
            least: 0.0,
            series: series(table),
            lines: transfers.map(line).collect(),
        }
    }

    /// From the step below the smallest value to the one above the largest. Times of less than a
    /// tenth would leave little room for the others; they are off the axis.
    fn range(&self) -> (f64, f64) {
        let values = self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let (least, most) = values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let step = |value: f64, up: bool| {
            let all = steps(value / 10.0, value * 10.0).into_iter();
            if up {
                all.filter(|step| *step > value * 1.05).fold(f64::MAX, f64::min)
            } else {
                all.filter(|step| *step < value / 1.05).fold(0.0, f64::max)
            }
        };
        (step(least, false).max(self.least), step(most, true))
    }
}

/// 1, 2 and 5 times the powers of ten, between two values and these included.
fn steps(from: f64, to: f64) -> Vec<f64> {
    let (first, last) = (from.log10().floor() as i32, to.log10().ceil() as i32);
    let of_power = |power| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(power));
    let all = (first..=last).flat_map(of_power);
    all.filter(|step| (from * 0.999..=to * 1.001).contains(step)).collect()
}

fn series(table: &Table) -> Vec<Series> {
    let shown = table.columns.iter().take(table.plotted);
    shown.zip(MARKS).map(|(name, mark)| Series { name, mark }).collect()
}
