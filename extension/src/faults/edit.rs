//! `edit`: replaces, adds or removes what stands at a JSON pointer, in the event (before) or the answer (after), or in its HTTP body.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::{Document, edit};

use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Edit;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// What an edit does.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// In which document.
    pub document: Document,
    /// An RFC 6901 pointer. A member that is not there yet is added to its object; `-` adds to an array.
    pub pointer: &'a str,
    /// JSON text; none removes.
    pub value: Option<&'a str>,
}

/// Changes the text in one place. A body in base64 stays in base64, JSON in a string stays a string.
///
/// # Errors
/// Where the text is no JSON, has nothing to remove, or nothing to put the value into.
pub async fn carry_out(wanted: Edit<'_>, _policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let Edit { document, pointer, value } = wanted;
    let edited = match document {
        Document::Whole => edit::pointed(scene.text, pointer, value),
        Document::Body if scene.hook == Hook::After => edit::body(&scene.http_answer()?.1, pointer, value),
        Document::Body => edit::body(scene.text, pointer, value),
    };
    Ok(Effect::Changed(edited.map_err(|error| scene.unchangeable(error))?.into()))
}
