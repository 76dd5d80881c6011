//! Which service sent an event.

/// The service that sent an event, told by the event's shape as AWS documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// API Gateway REST API, or HTTP API with payload format 1.0.
    RestApi,
    /// API Gateway HTTP API with payload format 2.0.
    HttpApi,
    /// A function URL.
    FunctionUrl,
    /// An Application Load Balancer.
    LoadBalancer,
    /// API Gateway WebSocket API.
    WebSocket,
    /// VPC Lattice.
    Lattice,
    /// An SQS batch.
    Sqs,
    /// An SNS notification.
    Sns,
    /// A Kinesis batch.
    Kinesis,
    /// A batch of a DynamoDB stream.
    Dynamodb,
    /// A Kafka batch, from MSK or elsewhere.
    Kafka,
    /// An EventBridge event.
    EventBridge,
    /// EventBridge on a schedule.
    Schedule,
    /// An S3 notification.
    S3,
    /// Anything else, a direct invocation among it.
    Other,
}

impl Source {
    /// The name in the policy contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RestApi => "rest-api",
            Self::HttpApi => "http-api",
            Self::FunctionUrl => "function-url",
            Self::LoadBalancer => "load-balancer",
            Self::WebSocket => "web-socket",
            Self::Lattice => "lattice",
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::Kinesis => "kinesis",
            Self::Dynamodb => "dynamodb",
            Self::Kafka => "kafka",
            Self::EventBridge => "event-bridge",
            Self::Schedule => "schedule",
            Self::S3 => "s3",
            Self::Other => "other",
        }
    }
}
