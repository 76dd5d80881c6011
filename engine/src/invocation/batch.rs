//! Batches of records.

/// One record of an SQS, Kinesis, DynamoDB or Kafka batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What a partial-batch report names: the message id of SQS, the sequence number of Kinesis and DynamoDB,
    /// `TOPIC-PARTITION-OFFSET` of Kafka.
    pub id: String,
    /// The record's payload: decoded from base64 (Kinesis, Kafka), the body as it is (SQS), the JSON text of the record's
    /// `dynamodb` member (DynamoDB).
    pub body: Vec<u8>,
    /// How often it was received, this time included; only SQS tells.
    pub attempts: Option<u32>,
}
