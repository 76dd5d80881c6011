//! An account of the local AppConfig, asked over raw sockets.

use misrule_local::appconfig::{AppConfig, Place};
use serde_json::{Value, json};

use crate::raw::{Client, Response};

pub(crate) const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/appconfig/aws4_request, \
                      SignedHeaders=host, Signature=00\r\n";

/// A local AppConfig and a client of it.
pub(crate) struct Account {
    pub(crate) appconfig: AppConfig,
    pub(crate) client: Client,
}

impl Account {
    pub(crate) async fn new() -> Self {
        Self::of(AppConfig::serve().await.unwrap()).await
    }

    pub(crate) async fn of(appconfig: AppConfig) -> Self {
        let client = Client::connect(appconfig.address()).await;
        Self { appconfig, client }
    }

    pub(crate) async fn call(&mut self, method: &str, target: &str, body: &Value) -> Response {
        self.client.request(method, target, SIGNED, &body.to_string()).await
    }

    pub(crate) async fn get(&mut self, target: &str) -> Response {
        self.client.request("GET", target, SIGNED, "").await
    }

    pub(crate) async fn created(&mut self, target: &str, body: Value) -> Value {
        let response = self.call("POST", target, &body).await;
        assert_eq!(response.status, 201, "{response:?}");
        serde_json::from_str(&response.body).unwrap()
    }

    pub(crate) async fn read(&mut self, target: &str) -> Value {
        let response = self.get(target).await;
        assert_eq!(response.status, 200, "{response:?}");
        serde_json::from_str(&response.body).unwrap()
    }

    /// Uploads a version, without a label; its number.
    pub(crate) async fn version(&mut self, place: &Place, content: &str) -> String {
        let headers = format!("{SIGNED}Content-Type: application/json\r\n");
        let made = self.client.request("POST", &versions(place), &headers, content).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.expect("Version-Number")
    }

    pub(crate) async fn start(&mut self, place: &Place, strategy: &str, version: &str) -> Response {
        let body = json!({
            "DeploymentStrategyId": strategy,
            "ConfigurationProfileId": place.profile,
            "ConfigurationVersion": version,
        });
        self.call("POST", &deployments(place), &body).await
    }

    /// What GetDeployment says.
    pub(crate) async fn deployment(&mut self, place: &Place, number: u64) -> Value {
        self.read(&format!("{}/{number}", deployments(place))).await
    }

    pub(crate) async fn session(&mut self, place: &Place) -> String {
        let body = json!({
            "ApplicationIdentifier": place.application,
            "EnvironmentIdentifier": place.environment,
            "ConfigurationProfileIdentifier": place.profile,
        });
        let session = self.created("/configurationsessions", body).await;
        session["InitialConfigurationToken"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn poll(&mut self, token: &str) -> Response {
        let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        self.get(&format!("/configuration?configuration_token={encoded}")).await
    }
}

pub(crate) fn failed(response: &Response, status: u16, exception: &str) -> Value {
    assert_eq!((response.status, response.header("x-amzn-ErrorType")), (status, Some(exception)), "{response:?}");
    serde_json::from_str(&response.body).unwrap()
}

pub(crate) fn problem(response: &Response) -> String {
    let body = failed(response, 400, "BadRequestException");
    assert_eq!(body["Reason"], "InvalidParameters");
    body["Details"]["InvalidParameters"]["ConfigurationToken"]["Problem"].as_str().unwrap().to_owned()
}

pub(crate) fn versions(place: &Place) -> String {
    let Place { application, profile, .. } = place;
    format!("/applications/{application}/configurationprofiles/{profile}/hostedconfigurationversions")
}

pub(crate) fn deployments(place: &Place) -> String {
    let Place { application, environment, .. } = place;
    format!("/applications/{application}/environments/{environment}/deployments")
}
