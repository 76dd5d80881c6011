//! What of Route 53 decides where clients go: health checks of endpoints, and latency records that are associated with
//! them.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`health_check`] | asks an endpoint again and again, and says whether it is healthy |
//! | [`latency`] | answers which endpoint a client is sent to |
//!
//! One health checker stands for the many of the service, which calls an endpoint healthy where more than 18 % of them
//! do. Resolvers, and how long they keep an answer, are the client's.

pub mod health_check;
pub mod latency;
