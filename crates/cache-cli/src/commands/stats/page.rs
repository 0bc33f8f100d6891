//! The answer as one web page: no file beside it, nothing fetched, and every number in a table too.

use std::fmt::Write;

use anyhow::Result;

use super::charts::{Chart, Words, charts};
use super::gather::Stats;
use super::text::hit_rate;
use crate::counters::Kind;
use crate::report;

const STYLE: &str = include_str!("../../../assets/stats.css");
const SCRIPT: &str = include_str!("../../../assets/stats.js");
/// As `assets/README.md` tells.
const LIBRARY: &str = include_str!("../../../assets/chartist.min.js");
const LIBRARY_VERSION: &str = "1.5.0";
const LIBRARY_LICENCE: &str = include_str!("../../../assets/chartist.LICENSE");

pub(super) fn page(stats: &Stats) -> Result<String> {
    let charts = charts(stats);
    let mut figures = String::new();
    for chart in &charts {
        figure(&mut figures, chart);
    }
    if charts.is_empty() {
        figures.push_str("<p>Nothing is in this cache yet, and nothing has asked for it.</p>\n");
    }
    // Inside a script `<` could begin what ends it.
    let drawn = serde_json::to_string(&charts)?.replace('<', "\\u003c");
    Ok(format!(
        include_str!("../../../assets/stats.html"),
        version = env!("CARGO_PKG_VERSION"),
        dir = escaped(&report::path(&stats.dir)),
        moment = report::moment(stats.now),
        shown_moment = report::moment(stats.now).replace('T', " at ").replace('Z', " UTC"),
        style = STYLE,
        tiles = tiles(stats),
        figures = figures,
        charts = drawn,
        licence = LIBRARY_LICENCE,
        library_version = LIBRARY_VERSION,
        library = without_source_map(LIBRARY),
        script = SCRIPT,
    ))
}

/// The source map is a file that the page does not have.
fn without_source_map(library: &str) -> &str {
    library.split_once("\n//# sourceMappingURL=").map_or(library, |(code, _)| code)
}

fn tiles(stats: &Stats) -> String {
    let by_day = stats.shown_days().map(|day| stats.lookups(day));
    let (hits, misses) = by_day.fold((0_u64, 0_u64), |(hits, misses), day| {
        (hits.saturating_add(day.0), misses.saturating_add(day.1))
    });
    let lookups = report::count(hits.saturating_add(misses), "lookup", "lookups");
    let lookups = format!("{lookups} in two weeks");
    let executables = report::count(stats.totals.executables, "executable", "executables");
    let leftovers = match stats.totals.leftovers {
        0 => String::new(),
        n => report::count(n, "temporary file", "temporary files"),
    };
    let oldest = stats.totals.oldest_use.map(|time| report::age(time, stats.now));
    let oldest = oldest.map_or_else(String::new, |age| format!("oldest use {age} ago"));
    let saved = stats.of_kind(Kind::Run).saved;
    let replays = report::count(stats.of_kind(Kind::Run).hits, "replay", "replays");
    let of = format!("of {}", report::size(stats.logical_bytes));
    let mut tiles = String::new();
    for (name, value, note) in [
        ("Entries", stats.totals.entries.to_string(), leftovers),
        ("Outputs", stats.totals.outputs.to_string(), executables),
        ("Size of outputs", report::size(stats.totals.output_bytes), oldest),
        ("On disk", report::size(stats.totals.disk_bytes), "with entries".to_owned()),
        ("Saved by sharing", report::size(stats.shared_bytes), of),
        ("Hit rate", hit_rate(hits, misses), lookups),
        ("Time saved by run", report::duration(saved), replays),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(
            tiles,
            "<div><dt>{name}</dt><dd class=\"value\">{value}</dd><dd class=\"note\">{note}</dd></div>"
        );
    }
    tiles
}

fn figure(page: &mut String, chart: &Chart) {
    let Chart { id, words: Words { title, note, .. }, wide, .. } = chart;
    let class = if *wide { " class=\"wide\"" } else { "" };
    let legend: String = match &*chart.series {
        [_] => String::new(),
        many => many.iter().map(|series| format!("<li>{}</li>", series.name)).collect(),
    };
    let legend = match &*legend {
        "" => legend,
        items => format!("<ul class=\"legend\">{items}</ul>"),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "<figure{class}>\n<figcaption><h2>{title}</h2>{legend}<p>{note}</p></figcaption>\n\
         <div class=\"chart\" id=\"{id}\" role=\"img\" \
         aria-label=\"Chart: {title}. The numbers are in the table after it.\"></div>\n\
         <details id=\"{id}-table\" open>\n<summary>{title} in numbers</summary>\n\
         <div class=\"scroll\">{}</div>\n</details>\n</figure>",
        table(chart)
    );
}

fn table(chart: &Chart) -> String {
    let heads: String = chart
        .series
        .iter()
        .map(|series| format!("<th scope=\"col\">{}</th>", series.name))
        .collect();
    let row = |n: usize| {
        let label = chart.labels.get(n).map(|label| label.replace('\n', " ")).unwrap_or_default();
        let cells = chart.series.iter().filter_map(|series| series.texts.get(n));
        let cells: String = cells.map(|text| format!("<td>{}</td>", escaped(text))).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(&label))
    };
    let rows: String = (0..chart.labels.len()).map(row).collect();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">{}</th>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>",
        chart.words.of
    )
}

/// Text as it stands in HTML, also between double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
