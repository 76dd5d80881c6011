//! Which service sent an event.

use super::document::JsonText;
use super::json;

macro_rules! sources {
    ($($(#[doc = $doc:literal])* $source:ident = $name:literal;)*) => {
        /// The service that sent an event, told by the event's shape as AWS documents it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Source { $($(#[doc = $doc])* $source),* }

        impl Source {
            /// Every source, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$source),*];

            /// The name in the policy contract.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$source => $name),* }
            }
        }
    };
}

sources! {
    /// API Gateway REST API, or HTTP API with payload format 1.0.
    RestApi = "rest-api";
    /// API Gateway HTTP API with payload format 2.0.
    HttpApi = "http-api";
    /// A function URL.
    FunctionUrl = "function-url";
    /// An Application Load Balancer.
    LoadBalancer = "load-balancer";
    /// API Gateway WebSocket API.
    WebSocket = "web-socket";
    /// VPC Lattice, either version of its event.
    Lattice = "lattice";
    /// An SQS batch.
    Sqs = "sqs";
    /// An SNS notification.
    Sns = "sns";
    /// A Kinesis batch.
    Kinesis = "kinesis";
    /// A batch of a DynamoDB stream.
    Dynamodb = "dynamodb";
    /// A Kafka batch, from MSK or elsewhere.
    Kafka = "kafka";
    /// An EventBridge event.
    EventBridge = "event-bridge";
    /// EventBridge or its scheduler, on a schedule.
    Schedule = "schedule";
    /// An S3 notification.
    S3 = "s3";
    /// Anything else: a direct invocation, an authorizer's request, a service without a name here.
    Other = "other";
}

impl Source {
    pub(super) fn of(event: &JsonText) -> Self {
        let told = requests(event).or_else(|| records(event)).or_else(|| streams(event)).or_else(|| buses(event));
        told.unwrap_or(Self::Other)
    }
}

fn requests(event: &JsonText) -> Option<Source> {
    if event.member("raw_path").is_some() && event.member("is_base64_encoded").is_some() {
        return Some(Source::Lattice);
    }
    let context = event.member("requestContext")?;
    let authorizer = event.member("methodArn").is_some() || event.member("routeArn").is_some();
    if authorizer {
        return Some(Source::Other);
    }
    match json::has(context, ["http", "elb", "connectionId", "serviceNetworkArn"]) {
        [true, ..] => Some(payload_v2(event)),
        [_, true, ..] => Some(Source::LoadBalancer),
        [_, _, true, _] => Some(Source::WebSocket),
        [_, _, _, true] => Some(Source::Lattice),
        _ => event.member("httpMethod").map(|_| Source::RestApi),
    }
}

/// Function URLs send HTTP API's format from a domain of their own: `ID.lambda-url.REGION.on.aws`.
fn payload_v2(event: &JsonText) -> Source {
    let domain = event.text("/requestContext/domainName").unwrap_or_default();
    if domain.contains(".lambda-url.") { Source::FunctionUrl } else { Source::HttpApi }
}

fn records(event: &JsonText) -> Option<Source> {
    let first = json::descend(event.member("Records")?, ["0".into()])?;
    let says = |name: &str| json::descend(first, [name.into()]).and_then(json::text);
    match says("eventSource").or_else(|| says("EventSource"))?.as_str() {
        "aws:sqs" => Some(Source::Sqs),
        "aws:sns" => Some(Source::Sns),
        "aws:kinesis" => Some(Source::Kinesis),
        "aws:dynamodb" => Some(Source::Dynamodb),
        "aws:s3" => Some(Source::S3),
        _ => None,
    }
}

fn streams(event: &JsonText) -> Option<Source> {
    let source = event.text("/eventSource")?;
    ["aws:kafka", "SelfManagedKafka"].contains(&source.as_str()).then_some(Source::Kafka)
}

fn buses(event: &JsonText) -> Option<Source> {
    event.member("detail")?;
    let (source, kind) = (event.text("/source")?, event.text("/detail-type")?);
    let clock = ["aws.events", "aws.scheduler"].contains(&source.as_str()) && kind == "Scheduled Event";
    Some(if clock { Source::Schedule } else { Source::EventBridge })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const CONTRACT: &str = include_str!("../../../sdk/wit/policy.wit");

    fn of(event: &str) -> Source {
        Source::of(&JsonText::new(Bytes::copy_from_slice(event.as_bytes())))
    }

    #[test]
    fn each_source_is_told_by_its_shape() {
        let rows = [
            (
                Source::RestApi,
                r#"{"resource": "/a", "httpMethod": "GET", "path": "/a", "requestContext": {"resourceId": "x", "stage": "prod"}}"#,
            ),
            (
                Source::RestApi,
                r#"{"version": "1.0", "httpMethod": "GET", "path": "/a", "requestContext": {"stage": "$default"}}"#,
            ),
            (
                Source::HttpApi,
                r#"{"version": "2.0", "requestContext": {"domainName": "id.execute-api.us-east-1.amazonaws.com", "http": {}}}"#,
            ),
            (
                Source::FunctionUrl,
                r#"{"version": "2.0", "requestContext": {"domainName": "id.lambda-url.us-west-2.on.aws", "http": {}}}"#,
            ),
            (
                Source::LoadBalancer,
                r#"{"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/"}"#,
            ),
            (
                Source::WebSocket,
                r#"{"requestContext": {"routeKey": "$connect", "connectionId": "abc=", "eventType": "CONNECT"}}"#,
            ),
            (Source::Lattice, r#"{"raw_path": "/a", "method": "GET", "is_base64_encoded": "false"}"#),
            (Source::Lattice, r#"{"version": "2.0", "path": "/", "requestContext": {"serviceNetworkArn": "arn"}}"#),
            (Source::Sqs, r#"{"Records": [{"messageId": "1", "eventSource": "aws:sqs"}]}"#),
            (Source::Sns, r#"{"Records": [{"EventVersion": "1.0", "EventSource": "aws:sns", "Sns": {}}]}"#),
            (Source::Kinesis, r#"{"Records": [{"kinesis": {}, "eventSource": "aws:kinesis"}], "window": {}}"#),
            (Source::Dynamodb, r#"{"Records": [{"eventSource": "aws:dynamodb"}]}"#),
            (Source::S3, r#"{"Records": [{"eventSource": "aws:s3"}]}"#),
            (Source::Kafka, r#"{"eventSource": "aws:kafka", "records": {}}"#),
            (Source::Kafka, r#"{"eventSource": "SelfManagedKafka", "records": {}}"#),
            (
                Source::EventBridge,
                r#"{"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}}"#,
            ),
            (Source::Schedule, r#"{"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}"#),
            (Source::Other, r#"{"Records": [{"eventSource": "aws:amq"}]}"#),
            (Source::Other, r#"{"Records": []}"#),
            (
                Source::Other,
                r#"{"type": "REQUEST", "methodArn": "arn", "httpMethod": "GET", "requestContext": {"stage": "prod"}}"#,
            ),
            (
                Source::Other,
                r#"{"type": "REQUEST", "routeArn": "arn", "version": "2.0", "requestContext": {"http": {}}}"#,
            ),
            (Source::Other, r#"{"order": 7}"#),
            (Source::Other, "[1]"),
            (Source::Other, "not json"),
            (Source::Other, ""),
        ];
        for (source, event) in rows {
            assert_eq!(of(event), source, "{event}");
        }
        for source in Source::ALL {
            assert!(rows.iter().any(|(row, _)| row == source), "no row for {source:?}");
        }
    }

    #[test]
    fn the_contract_names_each_source_in_this_order() {
        let doc = CONTRACT.split("source: func()").next().unwrap().rsplit("interface invocation {").next().unwrap();
        let named: Vec<_> = doc.split('"').skip(1).step_by(2).collect();
        assert_eq!(named, Source::ALL.iter().map(|source| source.name()).collect::<Vec<_>>());
    }
}
