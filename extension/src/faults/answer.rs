//! The handler's answer, as the faults of `after` change it.

use std::borrow::Cow;

use bytes::Bytes;
use misrule_engine::decision::{Hook, PolicyName};
use misrule_engine::invocation::HttpShape;
use misrule_engine::invocation::edit::{self, Cookies};

use super::respond_http::{self, MADE_BY};
use super::{Effect, FaultError, LAMBDA, Scene};
use crate::settings::AnswerHeader;

impl Scene<'_> {
    /// The answer to an HTTP request, with its status, headers and body as members.
    pub(super) fn http_answer(&self) -> Result<(HttpShape, Cow<'_, [u8]>), FaultError> {
        let source_name = self.invocation.source().name();
        let shape = self.invocation.answerable().ok_or(FaultError::NotAnswerable { source_name })?;
        Ok((shape, edit::stated(self.text, shape)))
    }

    /// Changes the decoded body. An answer that is none to an HTTP request is all body.
    pub(super) fn change_body(&self, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Effect, FaultError> {
        if self.invocation.answerable().is_none() {
            return Ok(Effect::Changed(change(self.text).into()));
        }
        let (_, text) = self.http_answer()?;
        let body = edit::decoded(&text).map_err(|error| self.unchangeable(error))?;
        let changed = edit::with_body(&text, &change(&body)).map_err(|error| self.unchangeable(error))?;
        Ok(Effect::Changed(changed.into()))
    }

    /// The effect, where who has to take a changed answer takes one of its size.
    pub(super) fn fits(&self, effect: Effect) -> Result<Effect, FaultError> {
        let Effect::Changed(text) = &effect else { return Ok(effect) };
        if self.hook == Hook::After {
            self.invocation.answerable().map_or(LAMBDA, respond_http::limit).admits(text.len())?;
        }
        Ok(effect)
    }

    /// A changed answer to an HTTP request says who changed it, where answers are to. What is no such answer cannot say so.
    pub(super) fn marked(&self, text: Bytes, by: Vec<&PolicyName>) -> Bytes {
        let unheard = self.invocation.answerable() == Some(HttpShape::WebSocketConnect);
        if self.hook == Hook::Before || unheard || self.answer_header == AnswerHeader::Absent {
            return text;
        }
        let scene = Scene { text: &text, ..*self };
        let marked = scene
            .http_answer()
            .ok()
            .and_then(|(_, text)| edit::header(&text, Cookies::Set, MADE_BY, Some(&self.made_by(by))).ok());
        marked.map_or_else(|| text.clone(), Bytes::from)
    }

    fn made_by(&self, mut by: Vec<&PolicyName>) -> String {
        by.dedup();
        let experiment = &self.armed.enforcer.experiment().name;
        by.iter().map(|policy| format!("{experiment}/{policy}")).collect::<Vec<_>>().join(", ")
    }
}
