//! Clients' requests over time: bars of those that each region served, and of those that failed on top.

use std::time::Duration;

use super::super::course::Experience;
use super::super::history::Request;
use super::super::region::Region;
use super::axis::{Axis, LEFT, RIGHT};
use super::canvas::{Anchor, Canvas};

/// Of the plot.
pub(super) const HEIGHT: f64 = 180.0;
/// The time that a bar stands for.
const BAR: Duration = Duration::from_millis(500);
/// Between two bars.
const GAP: f64 = 1.0;

/// How many requests a second, in one bar.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rates {
    eu: f64,
    us: f64,
    failed: f64,
}

pub(super) fn draw(canvas: &mut Canvas, axis: &Axis, experience: &Experience, top: f64) {
    let rates: Vec<_> = bars(axis.over).map(|from| (from, rates(&experience.history.requests, from))).collect();
    let most = rates.iter().map(|(_, rates)| rates.eu + rates.us + rates.failed).fold(1.0, f64::max);
    let step = step(most);
    let ceiling = (most / step).ceil() * step;
    let y = |rate: f64| top + HEIGHT * (1.0 - rate / ceiling);
    canvas.text(
        LEFT,
        top - 10.0,
        "strong",
        Anchor::Start,
        "client requests per second, by the region that served them",
    );
    scale(canvas, step, ceiling, &y);
    for (from, rates) in rates {
        bar(canvas, axis, from, rates, &y);
    }
    seconds(canvas, axis, top + HEIGHT);
}

/// The whole bars before the end: half a bar would look like fewer requests.
fn bars(over: Duration) -> impl Iterator<Item = Duration> {
    (0..).map(|index| BAR * index).take_while(move |from| *from + BAR <= over)
}

fn rates(requests: &[Request], from: Duration) -> Rates {
    let within = |request: &&Request| (from..from + BAR).contains(&request.at);
    let rate = |fits: &dyn Fn(&Request) -> bool| {
        requests.iter().filter(within).filter(|request| fits(request)).count() as f64 / BAR.as_secs_f64()
    };
    Rates {
        eu: rate(&|request| request.served_by(Region::Eu)),
        us: rate(&|request| request.served_by(Region::Us)),
        failed: rate(&|request| !request.served),
    }
}

/// Round numbers, five lines at most.
fn step(most: f64) -> f64 {
    [1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0].into_iter().find(|step| most / step <= 5.0).unwrap_or(most)
}

fn scale(canvas: &mut Canvas, step: f64, ceiling: f64, y: &impl Fn(f64) -> f64) {
    let mut rate = 0.0;
    while rate <= ceiling {
        canvas.line((LEFT, y(rate)), (RIGHT, y(rate)), "grid");
        canvas.text(LEFT - 8.0, y(rate) + 4.0, "muted", Anchor::End, &format!("{rate:.0}"));
        rate += step;
    }
}

fn bar(canvas: &mut Canvas, axis: &Axis, from: Duration, rates: Rates, y: &impl Fn(f64) -> f64) {
    let (left, right) = (axis.x(from), axis.x(from + BAR) - GAP);
    let mut below = 0.0;
    for (rate, class) in [(rates.eu, "eu"), (rates.us, "us"), (rates.failed, "failed")] {
        if rate > 0.0 {
            canvas.rect(left, y(below + rate), right - left, y(below) - y(below + rate), class);
        }
        below += rate;
    }
}

fn seconds(canvas: &mut Canvas, axis: &Axis, bottom: f64) {
    for tick in axis.ticks() {
        let x = axis.x(tick);
        canvas.line((x, bottom), (x, bottom + 5.0), "grid");
        canvas.text(x, bottom + 18.0, "muted", Anchor::Middle, &tick.as_secs().to_string());
    }
    canvas.text(f64::midpoint(LEFT, RIGHT), bottom + 36.0, "muted", Anchor::Middle, "seconds");
}

#[cfg(test)]
mod tests {
    use super::super::super::history::tests::history;
    use super::*;

    #[test]
    fn a_bar_counts_what_came_in_its_time() {
        let history = history(&["ux"], &["ee", "ee"]);
        let second = |second| rates(&history.requests, Duration::from_secs(second));
        assert_eq!(second(0), Rates { eu: 4.0, us: 2.0, failed: 0.0 });
        assert_eq!(second(1), Rates { eu: 4.0, us: 0.0, failed: 2.0 });
        assert_eq!(second(2), Rates { eu: 0.0, us: 0.0, failed: 0.0 });
    }

    #[test]
    fn only_whole_bars_are_drawn() {
        assert_eq!(bars(Duration::from_millis(1_400)).count(), 2);
        assert_eq!(bars(Duration::from_millis(1_500)).count(), 3);
    }
}
