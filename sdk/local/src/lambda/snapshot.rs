//! SnapStart: the environment is frozen once it is initialised, and each copy of it begins where the snapshot was taken.
//! <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html>

use serde_json::json;

use super::refusal::{Refusal, accepted, not_found};
use super::routes::{After, Call};
use super::state::State;
use crate::clock;
use crate::wire::{Reply, WireError};

/// What the credentials of a copy are asked for with, in `Authorization`.
pub(crate) const CREDENTIALS_TOKEN: &str = "local-credentials";

impl Call<'_> {
    /// `GET /runtime/restore/next`: the runtime is ready for its snapshot; answered in the copy that an event is for.
    pub(super) async fn restore_next(&mut self) -> Result<After, WireError> {
        if let Err(refusal) = self.shared.change(State::await_restore) {
            return self.refuse(&refusal).await;
        }
        tokio::select! {
            () = self.shared.when(|state| state.is_wanted().then_some(())) => {}
            () = self.connection.closed() => return Ok(After::Close),
        }
        self.reply(Reply::new(200)).await
    }

    /// `POST /runtime/restore/error`: a hook of the runtime failed in the copy, and so does what it was made for.
    pub(super) async fn restore_error(&mut self) -> Result<After, WireError> {
        let Ok(error) = self.whole_error().await else { return self.refuse(&Refusal::TRUNCATED).await };
        self.shared.change(|state| state.abort(|_| error.clone()));
        self.reply(accepted()).await
    }

    /// `GET /2021-04-23/credentials`: each copy has keys of its own, since those of the snapshot may have expired.
    pub(super) async fn credentials(&mut self) -> Result<After, WireError> {
        if self.head.header("Authorization") != Some(CREDENTIALS_TOKEN) {
            return self.reply(not_found()).await;
        }
        let keys = json!({
            "AccessKeyId": format!("ASIA{}", clock::uuid()),
            "SecretAccessKey": "local",
            "Token": "local",
            "Expiration": "2999-01-01T00:00:00Z",
        });
        self.reply(Reply::new(200).json_line(&keys)).await
    }
}
