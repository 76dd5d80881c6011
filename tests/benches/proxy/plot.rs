//! The figures as a picture: for each case how much the proxies add, on a CPU too, as multiples of the pass-through, and
//! what memory they take.

use std::fmt::Write as _;

use anyhow::Result;

use crate::Row;
use crate::measured::{Measured, Spread, Targets};
use crate::target::DIRECT;

const COLOURS: [(&str, &str); 5] = [
    ("relay", "#8a8a8a"),
    ("pass-through", "#222222"),
    ("layer, no experiment", "#1f77b4"),
    ("layer, three policies pass", "#2ca02c"),
    ("layer, one policy acts", "#d62728"),
];

/// Pixels.
const LABELS: f64 = 205.0;
const WIDTH: f64 = 300.0;
const GAP: f64 = 40.0;
const TOP: f64 = 84.0;
const LINE: f64 = 13.0;

/// What one panel shows: its title, where its axis ends, what is marked on it, and what a dot stands for.
struct Panel {
    title: &'static str,
    end: f64,
    marks: &'static [f64],
    value: fn(&Targets, &Measured) -> Option<Spread>,
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "time added, x pass-through",
        end: 3.0,
        marks: &[1.0, 1.2, 2.0],
        value: |targets, measured| targets.added_ratio(measured),
    },
    Panel {
        title: "CPU time, x pass-through",
        end: 3.0,
        marks: &[1.0, 1.2, 2.0],
        value: |targets, measured| targets.cpu_ratio(measured),
    },
    Panel {
        title: "resident, MB: before to peak; the dot is after",
        end: 60.0,
        marks: &[15.0, 30.0, 45.0],
        value: |_, measured| resident(measured),
    },
];

/// One picture of all cases.
pub(crate) fn of(rows: &[Row]) -> Result<String> {
    let height = TOP + rows.iter().map(|(_, targets)| tall(targets)).sum::<f64>() + 10.0;
    let width = LABELS + PANELS.len() as f64 * (WIDTH + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    legend(&mut svg)?;
    for (index, panel) in PANELS.iter().enumerate() {
        axis(&mut svg, panel, left(index), height)?;
    }
    let mut y = TOP;
    for (case, targets) in rows {
        text(&mut svg, 10.0, y + tall(targets) / 2.0, &case.name())?;
        dots(&mut svg, targets, y)?;
        y += tall(targets);
        writeln!(svg, "<line x1=\"10\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#dddddd\"/>", width - GAP)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn left(panel: usize) -> f64 {
    LABELS + panel as f64 * (WIDTH + GAP)
}

fn proxies(targets: &Targets) -> impl Iterator<Item = &(&'static str, Measured)> {
    targets.0.iter().filter(|(name, _)| *name != DIRECT)
}

fn tall(targets: &Targets) -> f64 {
    LINE * (proxies(targets).count() as f64 + 1.0)
}

fn colour(name: &str) -> &'static str {
    COLOURS.iter().find(|(of, _)| *of == name).map_or("#000000", |(_, colour)| colour)
}

fn resident(measured: &Measured) -> Option<Spread> {
    let (before, after) = measured.before.zip(measured.after)?;
    let [least, median, most] = [before.resident, after.resident, after.peak].map(|bytes| bytes as f64 / 1e6);
    Some(Spread { least, median, most })
}

fn legend(svg: &mut String) -> Result<()> {
    let mut x = LABELS;
    for (name, colour) in COLOURS {
        writeln!(svg, "<circle cx=\"{x}\" cy=\"18\" r=\"5\" fill=\"{colour}\"/>")?;
        text(svg, x + 9.0, 22.0, name)?;
        x += 40.0 + 6.5 * name.len() as f64;
    }
    Ok(())
}

fn axis(svg: &mut String, panel: &Panel, left: f64, height: f64) -> Result<()> {
    text(svg, left, 50.0, panel.title)?;
    for mark in [0.0].iter().chain(panel.marks).chain(&[panel.end]) {
        let x = left + WIDTH * mark / panel.end;
        let bottom = height - 10.0;
        writeln!(svg, "<line x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"#cccccc\"/>")?;
        let label = format!("<text x=\"{x}\" y=\"72\" text-anchor=\"middle\" font-size=\"10\">{mark}</text>");
        writeln!(svg, "{label}")?;
    }
    Ok(())
}

/// A dot for each proxy, on a line from the least to the most. What lies beyond the axis stands at its end.
fn dots(svg: &mut String, targets: &Targets, top: f64) -> Result<()> {
    for (panel, index) in PANELS.iter().zip(0..) {
        for (row, (name, measured)) in proxies(targets).enumerate() {
            let Some(spread) = (panel.value)(targets, measured) else { continue };
            let at = |value: f64| left(index) + WIDTH * value.clamp(0.0, panel.end) / panel.end;
            let (least, median, most) = (at(spread.least), at(spread.median), at(spread.most));
            let (y, colour) = (top + LINE * (row as f64 + 1.0), colour(name));
            let line = format!("x1=\"{least:.1}\" x2=\"{most:.1}\" y1=\"{y}\" y2=\"{y}\"");
            writeln!(svg, "<line {line} stroke=\"{colour}\" stroke-width=\"2\" opacity=\"0.5\"/>")?;
            writeln!(svg, "<circle cx=\"{median:.1}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>")?;
        }
    }
    Ok(())
}

fn text(svg: &mut String, x: f64, y: f64, text: &str) -> Result<()> {
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\">{text}</text>")?;
    Ok(())
}
