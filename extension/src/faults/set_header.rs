//! `set-header`: sets or removes an HTTP header, in the shape of the event (before) or of the answer (after).

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::edit::{self, Cookies};

use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::SetHeader;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Sets the header to one value wherever the text has it, whatever case its name is in; without a value removes it.
///
/// # Errors
/// Where the text is no JSON object, or has no such header to remove.
pub async fn carry_out(
    header: (&str, Option<&str>),
    _policy: &PolicyName,
    scene: Scene<'_>,
) -> Result<Effect, FaultError> {
    let (name, value) = header;
    let edited = match scene.hook {
        Hook::Before => edit::header(scene.text, Cookies::Sent, name, value),
        Hook::After => edit::header(&scene.http_answer()?.1, Cookies::Set, name, value),
    };
    Ok(Effect::Changed(edited.map_err(|error| scene.unchangeable(error))?.into()))
}
