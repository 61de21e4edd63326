//! Judges audit-log events against data-residency commitments, as they stream through Kafka.
//!
//! The way of a record: `ingest` → `pipeline` (decode → classify → judge) → `emit`. Everything
//! in the middle is pure; `worker` alone decides what an error means. ARCHITECTURE.md has the
//! whole picture on one page.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod alert;
pub mod app;
pub mod catalog;
pub mod category;
pub mod classify;
pub mod cli;
pub mod code;
pub mod decode;
pub mod demo;
pub mod directory;
pub mod emit;
pub mod event;
pub mod explain;
pub mod http;
pub mod ingest;
pub mod judge;
pub mod kafka;
pub mod logging;
pub mod metrics;
pub mod pipeline;
pub mod place;
pub mod position;
pub mod record;
pub mod report;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod status;
pub mod tenant;
pub mod trial;
pub mod verdict;
pub mod worker;
pub mod yaml;
