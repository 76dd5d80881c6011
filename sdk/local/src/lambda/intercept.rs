use bytes::Bytes;

use crate::wire::Head;

/// What a server does to one request instead of what Lambda does.
#[derive(Clone, Debug)]
pub enum Interception {
    /// Reads the request, sends these bytes and goes on.
    Send(Bytes),
    /// Sends these bytes before it has read the body, then closes.
    SendAndClose(Bytes),
    /// Closes without an answer.
    Close,
    /// Reads the request and never answers.
    Hang,
}

/// The interceptions that wait for their request, oldest first.
#[derive(Debug, Default)]
pub(super) struct Interceptions(Vec<(String, String, Interception)>);

impl Interceptions {
    pub(super) fn add(&mut self, method: &str, path_end: &str, interception: Interception) {
        self.0.push((method.to_owned(), path_end.to_owned(), interception));
    }

    pub(super) fn take(&mut self, head: &Head) -> Option<Interception> {
        let matches = |(method, end, _): &(String, String, _)| head.method == *method && head.path().ends_with(end);
        let at = self.0.iter().position(matches)?;
        Some(self.0.remove(at).2)
    }
}
