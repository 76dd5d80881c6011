//! What a step may not say, whatever the experiment allows. Nothing of it is repeated but names that are some: the rest may be secrets.

use super::http_answer::{self, IllegalAnswer};
use super::{Hook, Step};
use crate::invocation::json;

/// A step that nobody could carry out. Each reads on after the fault's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalStep {
    /// No HTTP header (RFC 9110).
    #[error(transparent)]
    Header(#[from] IllegalAnswer),
    /// No share.
    #[error("with a rate that is none of 0 to 1")]
    Rate,
    /// What should be JSON text (RFC 8259) is none.
    #[error("with a text that is not JSON")]
    NotJson,
    /// What should be an RFC 6901 pointer is none.
    #[error(
        "with a pointer that is none: it neither is empty nor begins with `/`, or has a `~` before neither `0` nor `1`"
    )]
    NotAPointer,
}

impl Step {
    /// Checks what the step says against the formats that it is written in, for this hook.
    ///
    /// # Errors
    /// [`IllegalStep`]: the first thing that is none.
    ///
    /// ```
    /// # use misrule_engine::decision::{Hook, Step};
    /// let error = Step::ReturnJson("{".to_owned()).check(Hook::Before).unwrap_err();
    /// assert_eq!(error.to_string(), "with a text that is not JSON");
    /// ```
    pub fn check(&self, hook: Hook) -> Result<(), IllegalStep> {
        match self {
            Self::ReturnJson(text) => is_json(text),
            Self::Edit { pointer, value, .. } => {
                json::tokens(pointer).ok_or(IllegalStep::NotAPointer)?;
                value.as_deref().map_or(Ok(()), is_json)
            }
            // Before the handler a header is a member of the event: nothing computes it again.
            Self::SetHeader { name, value } => {
                http_answer::check_name(name)?;
                http_answer::check_value(name, value.as_deref().unwrap_or_default())?;
                if hook == Hook::After { Ok(http_answer::check_computed(name)?) } else { Ok(()) }
            }
            Self::SetStatus(status) => Ok(http_answer::check_status(*status)?),
            Self::Garble(rate) => (0.0..=1.0).contains(rate).then_some(()).ok_or(IllegalStep::Rate),
            _ => Ok(()),
        }
    }
}

fn is_json(text: &str) -> Result<(), IllegalStep> {
    json::at(text.as_bytes(), "").map(|_| ()).ok_or(IllegalStep::NotJson)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::Document;

    fn edit(pointer: &str, value: Option<&str>) -> Step {
        Step::Edit { document: Document::Whole, pointer: pointer.to_owned(), value: value.map(str::to_owned) }
    }

    fn header(name: &str, value: Option<&str>) -> Step {
        Step::SetHeader { name: name.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn what_is_none_is_named() {
        let rows = [
            (edit("/a~1b/0", Some(" [1, {}] ")), None),
            (edit("", None), None),
            (edit("a", Some("1")), Some(IllegalStep::NotAPointer)),
            (edit("/a~", None), Some(IllegalStep::NotAPointer)),
            (edit("/a", Some("01")), Some(IllegalStep::NotJson)),
            (Step::ReturnJson("\"é\"".to_owned()), None),
            (Step::ReturnJson(String::new()), Some(IllegalStep::NotJson)),
            (header("x-a", Some("é\t2")), None),
            (header("Content-Length", None), None),
            (header("bad name", None), Some(IllegalAnswer::HeaderName("bad name".to_owned()).into())),
            (header("x-a", Some("a\nb")), Some(IllegalAnswer::HeaderValue("x-a".to_owned()).into())),
            (Step::SetStatus(599), None),
            (Step::SetStatus(600), Some(IllegalAnswer::Status(600).into())),
            (Step::Garble(1.0), None),
            (Step::Garble(1.1), Some(IllegalStep::Rate)),
            (Step::Garble(f64::NAN), Some(IllegalStep::Rate)),
            (Step::Hang, None),
        ];
        for (step, expected) in rows {
            assert_eq!(step.check(Hook::Before).err(), expected, "{step:?}");
        }
        let computed = IllegalAnswer::Computed("Content-Length".to_owned());
        assert_eq!(header("Content-Length", Some("1")).check(Hook::After), Err(computed.into()));
    }
}
