//! The same in several regions: at once, and each told apart.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::appconfig::Service;
use crate::failure::{Explain, Failure};
use crate::printer::Printer;
use crate::table;

/// Not every region did what it was told.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {regions} regions failed")]
struct Partly {
    failed: usize,
    regions: usize,
}

impl Explain for Partly {
    fn hint(&self) -> Option<String> {
        let some_did = self.failed < self.regions;
        some_did.then(|| "the others did as is told above; the same command again does the rest".to_owned())
    }
}

/// Does something with each at once; what came of it, in their order.
pub(crate) async fn at_once<A, T>(each: Vec<A>, act: impl AsyncFn(A) -> T) -> Vec<T> {
    let mut under_way: Vec<Pin<Box<_>>> = each.into_iter().map(|one| Box::pin(act(one))).collect();
    let mut done: Vec<Option<T>> = under_way.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in under_way.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(came) = future.as_mut().poll(context)
            {
                *done = Some(came);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// What is told of a region where all went well.
pub(crate) struct Row {
    /// In a word.
    pub(crate) outcome: &'static str,
    /// The cells of a table behind that.
    pub(crate) cells: Vec<String>,
    /// What is told instead where there is one region only; nothing where that is empty.
    pub(crate) line: String,
}

/// Tells of each region, to stdout: a line of one, a table of several. Failures go to stderr.
///
/// # Errors
///
/// The failure of the only region; of several, how many failed.
pub(crate) fn tell(
    printer: &Printer,
    services: &[Service<'_>],
    headings: &[&str],
    rows: Vec<Result<Row, Failure>>,
) -> Result<(), Failure> {
    if services.len() == 1 {
        for row in rows {
            let Row { line, .. } = row?;
            if !line.is_empty() {
                printer.data(line);
            }
        }
        return Ok(());
    }
    let (failed, regions) = (rows.iter().filter(|row| row.is_err()).count(), services.len());
    let mut cells = vec![["region", "outcome"].iter().chain(headings).map(ToString::to_string).collect()];
    for (service, row) in services.iter().zip(rows) {
        let region = service.region().to_owned();
        cells.push(match row {
            Ok(row) => [region, row.outcome.to_owned()].into_iter().chain(row.cells).collect(),
            Err(failure) => {
                printer.failure(&failure.in_region(&region));
                vec![region, "failed".to_owned()]
            }
        });
    }
    table::aligned(&cells, &[]).into_iter().for_each(|line| printer.data(line));
    if failed == 0 { Ok(()) } else { Err(Partly { failed, regions }.into()) }
}

/// What is told where the calls were said, and not made.
pub(crate) fn rehearsed(service: &Service<'_>) -> Row {
    service.say("a dry run: nothing was changed");
    Row { outcome: "nothing changed", cells: Vec::new(), line: String::new() }
}

/// Tells of each region in lines of its own, to stdout; of several, below their names. Failures go to stderr.
///
/// # Errors
///
/// The failure of the only region; of several, how many failed.
pub(crate) fn tell_pages(
    printer: &Printer,
    services: &[Service<'_>],
    pages: Vec<Result<Vec<String>, Failure>>,
) -> Result<(), Failure> {
    let (mut failed, regions) = (0, services.len());
    for (service, page) in services.iter().zip(pages) {
        match page {
            Ok(lines) if regions == 1 => lines.into_iter().for_each(|line| printer.data(line)),
            Ok(lines) => {
                printer.data(format_args!("{}:", service.region()));
                lines.into_iter().for_each(|line| printer.data(format_args!("  {line}")));
            }
            Err(failure) if regions == 1 => return Err(failure),
            Err(failure) => {
                failed += 1;
                printer.failure(&failure.in_region(service.region()));
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Partly { failed, regions }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_are_under_way_at_once_and_told_in_their_order() {
        let (first, second) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let told = at_once(vec![0, 1], async |number: usize| {
            // The one that is told first waits for the other.
            if number == 0 {
                second.notify_one();
                first.notified().await;
            } else {
                second.notified().await;
                first.notify_one();
            }
            number
        });
        assert_eq!(told.await, [0, 1]);
        let nothing: Vec<u8> = at_once(Vec::new(), async |one: u8| one).await;
        assert!(nothing.is_empty());
    }
}
