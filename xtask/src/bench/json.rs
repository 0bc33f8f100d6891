//! The tables for programs.

use serde_json::{Map, Value, json};

use super::options::Options;
use super::rounds::Unit;
use super::table::{Row, Table};
use super::wanted::AtMost;

/// `{machine, rounds, entries, many, tables: [{name, title, rows: [{name, unit, ratio, at_most, missed,
/// behind, measured: {COLUMN: {median, quartiles, values, mb_per_s}}}]}]}`.
pub(super) fn of(machine: &[(&str, String)], options: &Options, tables: &[Table]) -> Value {
    let machine: Map<String, Value> =
        machine.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let table = |table: &Table| {
        let rows: Vec<Value> = table.rows.iter().map(|row| of_row(row, &table.columns)).collect();
        json!({ "name": table.name, "title": table.title, "rows": rows })
    };
    json!({
        "machine": machine,
        "rounds": options.rounds,
        "entries": options.entries,
        "many": options.many,
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn of_row(row: &Row, columns: &[&str]) -> Value {
    let mut measured = Map::new();
    for (i, (column, cell)) in columns.iter().zip(&row.cells).enumerate() {
        if let Some(spread) = cell {
            let of_column = json!({
                "median": spread.median().value,
                "quartiles": spread.quartiles(),
                "values": spread.values().collect::<Vec<_>>(),
                "mb_per_s": row.speed(i),
            });
            measured.insert((*column).to_owned(), of_column);
        }
    }
    json!({
        "name": row.name,
        "unit": row.unit().map(|unit| match unit {
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "bytes",
        }),
        "ratio": row.ratio(),
        "at_most": row.at_most.map(|at_most| match at_most {
            AtMost::Ratio(ratio) => json!({ "ratio": ratio }),
            AtMost::SecondsMore(seconds) => json!({ "seconds_more": seconds }),
            AtMost::Bytes(bytes) => json!({ "bytes": bytes }),
        }),
        "missed": row.is_over(),
        "behind": row.is_behind(),
        "measured": measured,
    })
}
