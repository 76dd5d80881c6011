//! What happened when: numbers above the plot, and what they mean below it.

use std::ops::Range;
use std::time::Duration;

use misrule_local::route53::health_check::Health;

use super::super::course::Experience;
use super::super::judgement::{at_home, in_seconds, in_the_eu};
use super::super::region::Region;
use super::axis::{Axis, LEFT, RIGHT};
use super::canvas::{Anchor, Canvas};

/// Numbers keep this distance, so that none covers another.
const APART: f64 = 20.0;
const RADIUS: f64 = 8.5;

/// A moment with a number.
pub(super) struct Moment {
    at: Duration,
    name: String,
}

/// The moments of the experiment, in order; what did not happen is not there.
pub(super) fn of(experience: &Experience) -> Vec<Moment> {
    let (history, moments) = (&experience.history, &experience.moments);
    let (outage, recovery) = (moments.outage(), moments.recovery());
    let moved = history.settled(&outage, in_the_eu).map(|took| outage.start + took);
    let back = history.settled(&recovery, at_home).map(|took| recovery.start + took);
    let all = [
        (Some(moments.published), "misrule publish begins, to both regions".to_owned()),
        (Some(moments.took_hold), format!("the first request fails in {}", Region::Us)),
        (history.changed(Region::Us, Health::Unhealthy, &outage), format!("{} is unhealthy", Region::Us)),
        (moved, "the last client is in the EU".to_owned()),
        (Some(moments.halted), "misrule halt begins, in both regions".to_owned()),
        (history.changed(Region::Us, Health::Healthy, &recovery), format!("{} is healthy again", Region::Us)),
        (back, "the last client is home again".to_owned()),
    ];
    let mut moments: Vec<_> = all.into_iter().filter_map(|(at, name)| Some(Moment { at: at?, name })).collect();
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// The numbers at `top`, their lines through what is plotted, their meanings from `key` on.
pub(super) fn draw(canvas: &mut Canvas, axis: &Axis, moments: &[Moment], top: f64, plots: &[Range<f64>], key: f64) {
    let exact: Vec<_> = moments.iter().map(|moment| axis.x(moment.at)).collect();
    let rows = moments.len().div_ceil(2);
    for (index, ((moment, x), place)) in moments.iter().zip(&exact).zip(apart(&exact)).enumerate() {
        canvas.line((place, top), (*x, top + 18.0), "moment");
        for plot in plots {
            canvas.line((*x, plot.start), (*x, plot.end), "moment");
        }
        number(canvas, place, top, index + 1);
        let (column, row) = (index / rows.max(1), index % rows.max(1));
        let (x, y) = (LEFT + 420.0 * column as f64, key + 20.0 * row as f64);
        number(canvas, x + RADIUS, y, index + 1);
        canvas.text(x + 64.0, y + 4.0, "muted", Anchor::End, &in_seconds(moment.at));
        canvas.text(x + 74.0, y + 4.0, "ink", Anchor::Start, &moment.name);
    }
}

fn number(canvas: &mut Canvas, x: f64, y: f64, number: usize) {
    canvas.circle(x, y, RADIUS, "number");
    canvas.text(x, y + 4.0, "on-number", Anchor::Middle, &number.to_string());
}

/// Places in the same order, each as far from the last as it must be, and none beyond the plot.
fn apart(exact: &[f64]) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::new();
    for x in exact {
        places.push(places.last().map_or(*x, |last| x.max(last + APART)));
    }
    let mut limit = RIGHT;
    for place in places.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - APART;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_apart_and_inside() {
        assert_eq!(apart(&[100.0, 105.0, 300.0]), [100.0, 120.0, 300.0]);
        assert_eq!(apart(&[RIGHT - 1.0, RIGHT]), [RIGHT - APART, RIGHT]);
        assert_eq!(apart(&[]), [0.0; 0]);
    }
}
