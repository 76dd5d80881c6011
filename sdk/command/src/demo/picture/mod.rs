//! The timeline as a picture: SVG, readable on light and dark ground.
//!
//! From top to bottom: what was asked and what came of it, a legend, the phases, numbered moments, a band for the health
//! of each region, the clients' requests, and what the numbers mean.

mod axis;
mod canvas;
mod chart;
mod moments;

use std::path::PathBuf;

use misrule_local::route53::health_check::Health;

use super::DemoError;
use super::course::Experience;
use super::history::Span;
use super::judgement::{self, Finding};
use super::programs;
use super::region::Region;
use crate::surroundings;
use axis::{Axis, LEFT};
use canvas::{Anchor, Canvas};

/// In pixels, as all that follows.
pub(crate) const WIDTH: f64 = 960.0;
const LEGEND: f64 = 108.0;
const PHASES: f64 = 128.0;
const MOMENTS: f64 = 170.0;
const BANDS: f64 = 188.0;
const BAND: f64 = 22.0;
const CHART: f64 = 274.0;
const KEY: f64 = 520.0;

/// Where the picture goes: where it was asked for, under `target` where cargo runs the demo, else here.
///
/// # Errors
///
/// No file can be made there.
pub(crate) fn place(asked: Option<&PathBuf>) -> Result<PathBuf, DemoError> {
    let place = match asked {
        Some(path) => path.clone(),
        None if surroundings::run_by_cargo() => programs::folder()?.with_file_name("misrule-demo.svg"),
        None => PathBuf::from("misrule-demo.svg"),
    };
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let wrong = match folder.map(std::fs::metadata) {
        Some(Err(error)) => Some(error),
        Some(Ok(folder)) if !folder.is_dir() => Some(std::io::ErrorKind::NotADirectory.into()),
        _ if place.is_dir() => Some(std::io::ErrorKind::IsADirectory.into()),
        _ => None,
    };
    wrong.map_or(Ok(()), |error| Err(DemoError::Picture(place.clone(), error)))?;
    Ok(place)
}

/// The whole picture.
pub(crate) fn draw(experience: &Experience, findings: &[Finding], hypothesis: &str) -> String {
    let key = moments::of(experience);
    let height = KEY + 20.0 * (key.len().div_ceil(2) as f64) + 8.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let axis = Axis::new(experience.moments.over);
    heading(&mut canvas, findings, hypothesis);
    legend(&mut canvas);
    phases(&mut canvas, &axis, experience);
    let bands = Region::ALL.into_iter().zip([BANDS, BANDS + BAND + 6.0]);
    bands.clone().for_each(|(region, y)| band(&mut canvas, &axis, experience, region, y));
    chart::draw(&mut canvas, &axis, experience, CHART);
    let plots = [BANDS..BANDS + 2.0 * BAND + 6.0, CHART..CHART + chart::HEIGHT];
    moments::draw(&mut canvas, &axis, &key, MOMENTS, &plots, KEY);
    bands.for_each(|(region, y)| states(&mut canvas, &axis, experience, region, y));
    canvas.finish("Timeline of the experiment us-region-outage")
}

fn heading(canvas: &mut Canvas, findings: &[Finding], hypothesis: &str) {
    let verdict = if judgement::held(findings) { "the hypothesis held" } else { "the hypothesis does not hold" };
    canvas.text(LEFT, 30.0, "title", Anchor::Start, &format!("us-region-outage: {verdict}"));
    canvas.text(LEFT, 54.0, "ink", Anchor::Start, hypothesis);
    let about = findings.iter().filter(|finding| finding.about == judgement::About::Hypothesis);
    let seen: Vec<_> = about.map(|finding| format!("{}: {}", finding.promise, finding.seen)).collect();
    for (line, seen) in seen.iter().enumerate() {
        canvas.text(LEFT, 72.0 + 16.0 * line as f64, "muted", Anchor::Start, seen);
    }
}

fn legend(canvas: &mut Canvas) {
    let entries = [
        ("us", format!("served by {}", Region::Us)),
        ("eu", format!("served by {}", Region::Eu)),
        ("failed", "failed".to_owned()),
        ("healthy", "healthy".to_owned()),
        ("unhealthy", "unhealthy".to_owned()),
    ];
    let mut x = LEFT;
    for (class, name) in entries {
        canvas.rect(x, LEGEND, 14.0, 12.0, class);
        canvas.text(x + 20.0, LEGEND + 10.5, "ink", Anchor::Start, &name);
        x += 44.0 + 7.2 * name.chars().count() as f64;
    }
}

fn phases(canvas: &mut Canvas, axis: &Axis, experience: &Experience) {
    for (index, (name, span)) in experience.moments.phases().into_iter().enumerate() {
        let (from, to) = (axis.x(span.start), axis.x(span.end));
        canvas.rect(from, PHASES, to - from, 20.0, if index % 2 == 0 { "phase" } else { "phase odd" });
        canvas.fitting_text(from, to, PHASES + 14.0, "strong", name);
    }
}

/// A region's health over time.
fn band(canvas: &mut Canvas, axis: &Axis, experience: &Experience, region: Region, y: f64) {
    canvas.text(LEFT - 8.0, y + 15.0, "ink", Anchor::End, region.name());
    for (span, health) in healths(experience, region) {
        let (from, to) = (axis.x(span.start), axis.x(span.end));
        canvas.rect(from, y, to - from, BAND, name(health));
    }
}

/// The names of the states in a band, above all lines.
fn states(canvas: &mut Canvas, axis: &Axis, experience: &Experience, region: Region, y: f64) {
    for (span, health) in healths(experience, region) {
        let class = format!("on-{}", name(health));
        canvas.fitting_text(axis.x(span.start), axis.x(span.end), y + 15.0, &class, name(health));
    }
}

/// A state's name, and its class.
const fn name(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

/// Healthy at first, then as the changes say.
fn healths(experience: &Experience, region: Region) -> Vec<(Span, Health)> {
    let over = experience.moments.over;
    let changes: Vec<_> = experience.history.changes.iter().filter(|change| change.region == region).collect();
    let ends = changes.iter().map(|change| change.at).chain([over]);
    let starts = std::iter::once((std::time::Duration::ZERO, Health::Healthy));
    let starts = starts.chain(changes.iter().map(|change| (change.at, change.health)));
    starts.zip(ends).map(|((from, health), to)| (from..to, health)).collect()
}

#[cfg(test)]
mod tests;
