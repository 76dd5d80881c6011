//! The invocation under decision, as Lambda delivered it.

use std::fmt;
use std::time::Duration;

use crate::host::invocation as host;
use crate::matching::{self, Captures};
use crate::time::Timestamp;

/// The invocation that a hook is asked about. Nothing of it is copied in until it is asked for, so the cost of a decision
/// does not grow with the event. In both hooks it is as Lambda delivered it, never as another policy edited it.
pub struct Invocation(pub(crate) ());

/// Which JSON document a pointer is resolved in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The whole event or answer.
    Whole,
    /// Its decoded HTTP body, read as JSON.
    Body,
}

/// One record of a batch from SQS, Kinesis, DynamoDB or Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What a partial-batch report names.
    pub id: String,
    /// The record's payload, decoded.
    pub body: Vec<u8>,
    /// How often it was delivered, where the service counts.
    pub attempts: Option<u32>,
}

impl From<Document> for host::Document {
    fn from(document: Document) -> Self {
        match document {
            Document::Whole => Self::Whole,
            Document::Body => Self::Body,
        }
    }
}

impl Invocation {
    /// What sent the event: `rest-api`, `http-api`, `function-url`, `load-balancer`, `web-socket`, `lattice`, `sqs`, `sns`,
    /// `kinesis`, `dynamodb`, `kafka`, `event-bridge`, `schedule`, `s3`, `other`, and what later layers add.
    pub fn source(&self) -> String {
        host::source()
    }

    /// Lambda's request id. A retry of an asynchronous event keeps it.
    pub fn request_id(&self) -> String {
        host::request_id()
    }

    /// The function's ARN, with the alias or version it was invoked by.
    pub fn invoked_arn(&self) -> String {
        host::invoked_arn()
    }

    /// When the event reached Misrule. It stays the same for the whole invocation.
    pub fn started_at(&self) -> Timestamp {
        Timestamp::from_milliseconds(host::started_at())
    }

    /// When Lambda ends the invocation.
    pub fn deadline(&self) -> Timestamp {
        Timestamp::from_milliseconds(host::deadline())
    }

    /// From [`Self::started_at`] to [`Self::deadline`].
    pub fn time_allowed(&self) -> Duration {
        self.deadline().since(self.started_at())
    }

    /// How many events this execution environment received before this one; 0 is the cold start.
    pub fn sequence(&self) -> u64 {
        host::sequence()
    }

    /// The X-Ray trace header.
    pub fn trace_id(&self) -> Option<String> {
        host::trace_id()
    }

    /// The tenant, for a function in tenant isolation.
    pub fn tenant_id(&self) -> Option<String> {
        host::tenant_id()
    }

    /// The HTTP method; none where the event is no HTTP request.
    pub fn method(&self) -> Option<String> {
        host::method()
    }

    /// The path as the event carries it, without the stage, not decoded; none where the event is no HTTP request.
    pub fn path(&self) -> Option<String> {
        host::path()
    }

    /// A header's first value. Names are case-insensitive; HTTP API's cookies read as `cookie`.
    pub fn header(&self, name: &str) -> Option<String> {
        host::header(name).into_iter().next()
    }

    /// Every value of a header, in order.
    pub fn header_values(&self, name: &str) -> Vec<String> {
        host::header(name)
    }

    /// A query parameter's first value, percent-decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        host::query(name).into_iter().next()
    }

    /// Every value of a query parameter, percent-decoded, in order.
    pub fn query_values(&self, name: &str) -> Vec<String> {
        host::query(name)
    }

    /// The HTTP body, decoded where the event carries it in base64.
    pub fn body(&self) -> Option<Vec<u8>> {
        host::body()
    }

    /// The JSON text at an RFC 6901 pointer, exactly as it stands there; `""` is the root.
    pub fn json(&self, document: Document, pointer: &str) -> Option<String> {
        host::json(document.into(), pointer)
    }

    /// The string at the pointer, unescaped; none where there is no string.
    pub fn text(&self, document: Document, pointer: &str) -> Option<String> {
        host::text(document.into(), pointer)
    }

    /// The number at the pointer; none where there is no number.
    pub fn number(&self, document: Document, pointer: &str) -> Option<f64> {
        host::number(document.into(), pointer)
    }

    /// How many elements the array, or members the object, at the pointer has; none where there is neither.
    pub fn count(&self, document: Document, pointer: &str) -> Option<u32> {
        host::count(document.into(), pointer)
    }

    /// How many records the event's batch has; 0 where it has no batch.
    pub fn batch_size(&self) -> u32 {
        host::batch_size()
    }

    /// One record of the batch.
    pub fn batch_item(&self, index: u32) -> Option<Item> {
        host::batch_item(index).map(|item| Item { id: item.id, body: item.body, attempts: item.attempts })
    }

    /// The records of the batch, each copied in as it is reached.
    pub fn batch_items(&self) -> impl Iterator<Item = Item> + '_ {
        (0..self.batch_size()).filter_map(|index| self.batch_item(index))
    }

    /// The captures of a path template such as `/orders/{id}/items/**`; none where it does not match or the event has no
    /// path.
    ///
    /// # Panics
    ///
    /// Where the template is none. A [`PathTemplate`](crate::PathTemplate) among the settings is checked beforehand.
    #[track_caller]
    pub fn path_matches(&self, template: impl AsRef<str>) -> Option<Captures> {
        matching::path(template.as_ref(), &self.path()?)
    }

    /// Whether the path matches at least one of the templates; false for none.
    ///
    /// # Panics
    ///
    /// As [`Self::path_matches`].
    #[track_caller]
    pub fn path_matches_any<T: AsRef<str>>(&self, templates: &[T]) -> bool {
        let Some(path) = self.path() else { return false };
        templates.iter().any(|template| matching::path(template.as_ref(), &path).is_some())
    }

    /// Whether the method is one of these, in any case; false where the event is no HTTP request.
    pub fn method_is_any<T: AsRef<str>>(&self, methods: &[T]) -> bool {
        let Some(method) = self.method() else { return false };
        methods.iter().any(|one| one.as_ref().eq_ignore_ascii_case(&method))
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Invocation")
    }
}
