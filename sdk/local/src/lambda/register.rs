use serde::Deserialize;
use serde_json::json;

use super::MAX_ANSWER;
use super::refusal::{Refusal, accepted};
use super::routes::{After, Call};
use crate::clock;
use crate::wire::{Reply, WireError};

const IDENTIFIER: &str = "Lambda-Extension-Identifier";

/// The body of a registration.
#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

impl Call<'_> {
    /// `POST /extension/register`.
    pub(super) async fn register(&mut self) -> Result<After, WireError> {
        let body = self.whole(MAX_ANSWER).await.unwrap_or_default();
        let name = self.head.header("Lambda-Extension-Name").unwrap_or_default().to_owned();
        if name.is_empty() {
            let refusal = Refusal::forbidden("Extension.InvalidExtensionName", "Empty extension name");
            return self.refuse(&refusal).await;
        }
        let registration: Registration = match serde_json::from_slice(&body) {
            Ok(registration) => registration,
            Err(error) => {
                return self.refuse(&Refusal::forbidden("InvalidRequestFormat", error.to_string())).await;
            }
        };
        match self.shared.change(|state| state.extensions.register(&name, &registration.events)) {
            Ok(identifier) => self.registered(&identifier).await,
            Err(refusal) => self.refuse(&refusal).await,
        }
    }

    async fn registered(&mut self, identifier: &str) -> Result<After, WireError> {
        let settings = &self.shared.settings;
        let mut body = json!({
            "functionName": settings.function_name,
            "functionVersion": settings.function_version,
            "handler": settings.handler,
        });
        if self.head.says("Lambda-Extension-Accept-Feature", "accountId") {
            body["accountId"] = json!(settings.account);
        }
        self.reply(Reply::new(200).header(IDENTIFIER, identifier).json_line(&body)).await
    }

    /// `GET /extension/event/next`: waits as long as it takes.
    pub(super) async fn event_next(&mut self) -> Result<After, WireError> {
        let identifier = self.head.header(IDENTIFIER);
        let identifier = match self.shared.change(|state| state.extensions.ask(identifier)) {
            Ok(identifier) => identifier,
            Err(refusal) => return self.refuse(&refusal).await,
        };
        let event = tokio::select! {
            event = self.shared.when(|state| state.extensions.take_event(&identifier)) => event,
            () = self.connection.closed() => return Ok(After::Close),
        };
        let reply = Reply::new(200)
            .header("Content-Type", "application/json")
            .header("Lambda-Extension-Event-Identifier", clock::uuid())
            .body(event);
        self.reply(reply).await
    }

    /// `POST /extension/init/error` and `/extension/exit/error`.
    pub(super) async fn extension_error(&mut self, kind: &str) -> Result<After, WireError> {
        let identifier = self.head.header(IDENTIFIER);
        let claim = self.head.header("Lambda-Extension-Function-Error-Type");
        match self.shared.change(|state| state.extensions.fail(identifier, kind, claim)) {
            Ok(()) => self.reply(accepted()).await,
            Err(refusal) => self.refuse(&refusal).await,
        }
    }
}
