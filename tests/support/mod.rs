//! What the tests against Kafka have in common: a broker, topics, records, and a worker.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses its part"
)]

pub mod broker;
pub mod client;
pub mod receiver;
pub mod server;
pub mod stream;
pub mod tool;

pub use broker::{Broker, kafka};
