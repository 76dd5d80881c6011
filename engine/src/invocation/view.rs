//! The lazy view of one event.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Document, Head, HttpShape, Item, Source, json};

/// One invocation under decision: what Lambda says about it, and its event as policies may ask for it.
#[derive(Debug)]
pub struct Invocation {
    head: Head,
    event: Bytes,
}

impl Invocation {
    /// An invocation of this event. Nothing of it is read yet.
    pub fn new(head: Head, event: Bytes) -> Self {
        Self { head, event }
    }

    /// What Lambda's headers say.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The event, byte for byte.
    pub fn event(&self) -> &Bytes {
        &self.event
    }

    /// Which service sent it.
    pub fn source(&self) -> Source {
        Source::Other
    }

    /// The HTTP method; none where the event is no HTTP request.
    pub fn method(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The HTTP path as the event carries it, without the stage and not decoded.
    pub fn path(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Every value of an HTTP header in order; its name is case-insensitive.
    pub fn header(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    /// Every value of a query parameter in order, percent-decoded.
    pub fn query(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    /// The HTTP body, decoded where the event carries it in base64.
    pub fn body(&self) -> Option<Cow<'_, [u8]>> {
        None
    }

    /// The exact JSON text at an RFC 6901 pointer.
    pub fn json(&self, _document: Document, pointer: &str) -> Option<&str> {
        json::at(&self.event, pointer)
    }

    /// The unescaped string at a pointer; none where something else stands there.
    pub fn text(&self, document: Document, pointer: &str) -> Option<String> {
        json::text(self.json(document, pointer)?)
    }

    /// The number at a pointer; none where something else stands there.
    pub fn number(&self, document: Document, pointer: &str) -> Option<f64> {
        json::number(self.json(document, pointer)?)
    }

    /// Elements of the array or members of the object at a pointer; none where something else stands there.
    pub fn count(&self, document: Document, pointer: &str) -> Option<u32> {
        json::count(self.json(document, pointer)?)
    }

    /// Records in the batch; 0 where the event is none.
    pub fn batch_size(&self) -> u32 {
        0
    }

    /// A record of the batch, counted from 0.
    pub fn batch_item(&self, _index: u32) -> Option<Item> {
        None
    }

    /// How the event's HTTP request can be answered; none where it is none, or of a kind that cannot be answered yet.
    pub fn answerable(&self) -> Option<HttpShape> {
        None
    }
}
