//! A plot as SVG, for light and for dark surroundings.

use std::error::Error;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Mark, Plot, steps};
use crate::bench::table::{self, digits};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), Box<dyn Error>>;

const WIDTH: u32 = 920;
/// Room for the longest name of a row.
const LEFT: i32 = 260;
/// Room for the column with Larder's numbers.
const RIGHT: i32 = 90;
const TOP: i32 = 84;
const BOTTOM: i32 = 62;
/// From one row to the next.
const LINE: i32 = 26;
/// From one name in the legend to the next.
const LEGEND: i32 = 112;

/// A colour on a light background, and the one that takes its place on a dark one.
struct Tone(RGBColor, RGBColor);

const TEXT: Tone = Tone(RGBColor(0x1f, 0x23, 0x28), RGBColor(0xe6, 0xed, 0xf3));
const FAINT: Tone = Tone(RGBColor(0x59, 0x63, 0x6e), RGBColor(0x91, 0x98, 0xa1));
const GRID: Tone = Tone(RGBColor(0xe1, 0xe5, 0xea), RGBColor(0x26, 0x2c, 0x34));
const SPAN: Tone = Tone(RGBColor(0xc4, 0xcb, 0xd2), RGBColor(0x48, 0x4f, 0x58));
const BESIDE: Tone = Tone(RGBColor(0x6e, 0x77, 0x81), RGBColor(0x8b, 0x94, 0x9e));
const LARDER: Tone = Tone(RGBColor(0x09, 0x69, 0xda), RGBColor(0x58, 0xa6, 0xff));
const THIRD: Tone = Tone(RGBColor(0x1a, 0x7f, 0x37), RGBColor(0x3f, 0xb9, 0x50));
const FOURTH: Tone = Tone(RGBColor(0xbc, 0x4c, 0x00), RGBColor(0xf0, 0x88, 0x3e));
const ASKED: Tone = Tone(RGBColor(0xcf, 0x22, 0x2e), RGBColor(0xff, 0x7b, 0x72));
const TONES: [Tone; 9] = [TEXT, FAINT, GRID, SPAN, BESIDE, LARDER, THIRD, FOURTH, ASKED];

pub(in crate::bench) fn draw(plot: &Plot) -> Result<String> {
    let mut svg = String::new();
    draw_into(plot, &mut svg).map_err(|error| anyhow!("cannot draw {}: {error}", plot.title))?;
    Ok(with_dark_tones(&svg))
}

fn draw_into(plot: &Plot, svg: &mut String) -> Drawn {
    let rows = plot.lines.len() as i32;
    let height = TOP + rows * LINE + BOTTOM;
    let area = SVGBackend::with_string(svg, (WIDTH, height as u32)).into_drawing_area();
    let (from, to) = plot.range();
    let (right, bottom) = (WIDTH as i32 - RIGHT, TOP + rows * LINE);
    let chart = ChartBuilder::on(&area)
        .margin_left(LEFT)
        .margin_right(RIGHT)
        .margin_top(TOP)
        .margin_bottom(BOTTOM)
        .build_cartesian_2d((from..to).log_scale(), 0.0..f64::from(rows))?;
    let x_of = |value: f64| chart.backend_coord(&(value, 0.0)).0;

    text(&area, &plot.title, (LEFT, 22), 20, &TEXT, HPos::Left)?;
    for (i, series) in plot.series.iter().enumerate() {
        let x = LEFT + i as i32 * LEGEND;
        mark(&area, series.mark, (x + 6, 52))?;
        text(&area, series.name, (x + 18, 52), 16, &TEXT, HPos::Left)?;
    }
    let mut free_from = i32::MIN;
    for step in steps(from, to) {
        let x = x_of(step);
        area.draw(&PathElement::new([(x, TOP - 6), (x, bottom)], GRID.0))?;
        // Steps of a long axis stand close together; every label keeps its room.
        if x >= free_from {
            text(&area, &format!("{step}"), (x, bottom + 16), 15, &FAINT, HPos::Center)?;
            free_from = x + 44;
        }
    }
    text(&area, &plot.axis, ((LEFT + right) / 2, bottom + 42), 16, &FAINT, HPos::Center)?;

    let numbers = WIDTH as i32 - 20;
    text(&area, "Larder", (numbers, TOP - 14), 15, &FAINT, HPos::Right)?;
    for (i, line) in plot.lines.iter().enumerate() {
        let y = TOP + i as i32 * LINE + LINE / 2;
        text(&area, &line.name, (LEFT - 14, y), 16, &TEXT, HPos::Right)?;
        let values = line.values.iter().map(|value| value.filter(|value| *value >= from));
        let marks: Vec<_> = plot.series.iter().zip(values).collect();
        let xs = || marks.iter().filter_map(|(_, value)| value.map(x_of));
        if let (Some(first), Some(last)) = (xs().min(), xs().max()) {
            area.draw(&PathElement::new([(first, y), (last, y)], SPAN.0))?;
        }
        // Larder's is drawn last, so that none hides it.
        let (ours, others): (Vec<_>, Vec<_>) =
            marks.into_iter().partition(|(series, _)| matches!(series.mark, Mark::Dot));
        for (series, value) in others.into_iter().chain(ours) {
            if let Some(value) = value {
                mark(&area, series.mark, (x_of(value), y))?;
            }
        }
        if let Some(Some(ours)) = line.values.get(table::LARDER) {
            text(&area, &digits(*ours), (numbers, y), 16, &LARDER, HPos::Right)?;
            if *ours < from {
                let arrow = [(LEFT + 12, y - 6), (LEFT, y), (LEFT + 12, y + 6)];
                area.draw(&Polygon::new(arrow, LARDER.0.filled()))?;
            }
        }
    }
    Ok(area.present()?)
}

/// A mark in its colour. Each has a form of its own too, for those who do not tell the colours.
fn mark(area: &Area<'_>, mark: Mark, (x, y): (i32, i32)) -> Drawn {
    match mark {
        Mark::Bar => {
            area.draw(&Rectangle::new([(x - 2, y - 8), (x + 2, y + 8)], BESIDE.0.filled()))?
        }
        Mark::Dot => area.draw(&Circle::new((x, y), 6, LARDER.0.filled()))?,
        Mark::Triangle => area.draw(&TriangleMarker::new((x, y), 7, THIRD.0.filled()))?,
        Mark::Cross => area.draw(&Cross::new((x, y), 5, FOURTH.0.stroke_width(2)))?,
        Mark::Limit => area.draw(&PathElement::new(
            [(x + 4, y - 8), (x, y - 8), (x, y + 8), (x + 4, y + 8)],
            ASKED.0.stroke_width(2),
        ))?,
    }
    Ok(())
}

fn text(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: u32,
    Tone(colour, _): &Tone,
    side: HPos,
) -> Drawn {
    let style = ("sans-serif", size).into_font().color(colour).pos(Pos::new(side, VPos::Center));
    Ok(area.draw(&Text::new(text, at, style))?)
}

/// A reader's dark surroundings change the colours: a style goes before the attributes that name
/// them. The background is the page's own.
fn with_dark_tones(svg: &str) -> String {
    let hex = |RGBColor(r, g, b): &RGBColor| format!("#{r:02X}{g:02X}{b:02X}");
    let rules = TONES.iter().map(|Tone(light, dark)| {
        let (light, dark) = (hex(light), hex(dark));
        format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}\n")
    });
    let style = format!(
        "<style>\n@media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n",
        rules.collect::<String>()
    );
    match svg.find("<svg").and_then(|at| svg[at..].find('>').map(|end| at + end + 1)) {
        Some(end) => format!("{}\n{style}{}", &svg[..end], svg[end..].trim_start()),
        None => svg.to_owned(),
    }
}
