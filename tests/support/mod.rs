//! What the tests against Kafka have in common: a broker, topics, records, and a worker.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod broker;
pub mod client;
pub mod stream;

pub use broker::{Broker, kafka};
