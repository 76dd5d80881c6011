//! An invocation as policies see it: Lambda's headers and a lazy view of the event's bytes. Nothing is parsed that nobody
//! asks for.

mod answer;
mod arn;
mod batch;
mod document;
pub mod edit;
mod head;
mod http;
pub mod json;
mod source;
mod view;

pub use answer::{Answer, AnswerForm, Unreadable};
pub use arn::Arn;
pub use batch::Item;
pub use document::Document;
pub use edit::EditError;
pub use head::{Head, RequestId};
pub use http::HttpShape;
pub use source::Source;
pub use view::Invocation;
