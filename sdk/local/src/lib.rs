//! A local Lambda and AppConfig: strict stand-ins, in process, for the demo, for development and for tests.
//!
//! What the services would refuse, these refuse: a second answer, a used AppConfig token, an extension of an unknown
//! name. Everything listens on loopback only and ends when its value is dropped, child processes included.
//!
//! | module | what flows in | what flows out |
//! | --- | --- | --- |
//! | [`lambda`] | events; what a runtime and extensions say | outcomes; a record of each request, byte for byte |
//! | [`function`] | a program, extensions, a wrapper | the same, with the processes started and ended as Lambda does |
//! | [`appconfig`] | calls of both planes of AWS AppConfig | answers and refusals as the service models them |
//! | [`front`] | HTTP/1.1 | function URL events, and their answers as HTTP |
//! | [`port`] | nothing | ports on loopback, each given once |
//! | [`route53`] | endpoints with health checks | the nearest healthy one |
//! | [`wire`] | a socket | HTTP/1.1 with nothing tidied up |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use misrule_local::function::Function;
//! use misrule_local::lambda::Outcome;
//!
//! let function = Function::builder("orders").runtime("./bootstrap", []).start().await?;
//! let invoked = function.invoke(r#"{"id":7}"#).await;
//! assert!(matches!(invoked.outcome, Outcome::Answer(_)));
//! # Ok(())
//! # }
//! ```

pub mod appconfig;
mod clock;
pub mod front;
pub mod function;
pub mod lambda;
pub mod port;
pub mod route53;
pub mod wire;
